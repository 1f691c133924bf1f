//! Makes Python's objects of what records say.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

const FIELDS: [&str; 9] =
    ["event_id", "shopper_id", "action", "time_ms", "items", "query", "session_id", "order_id", "consent"];

/// Makes a `ShopperEvent` of parts that are known to be good, as `made` in streams/events/wire.py makes it: its
/// constructor would validate them again.
pub struct Maker {
    class: Py<PyType>,
    slots: Vec<Slot>,
}

/// A field of the class, and how it is set. This passes by the class's own `__setattr__`, which refuses since the class
/// is frozen, and by the look for a field's name, which takes most of the time.
struct Slot {
    field: Py<PyAny>,
    set: ffi::descrsetfunc,
}

impl Maker {
    pub fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let slots = FIELDS.iter().map(|name| Slot::of(class, name)).collect::<PyResult<_>>()?;
        Ok(Self { class: class.clone().unbind(), slots })
    }

    /// An event of these parts, in the order of `FIELDS`.
    pub fn made<'py>(&self, py: Python<'py>, parts: &[Bound<'py, PyAny>; 9]) -> PyResult<Bound<'py, PyAny>> {
        let class = self.class.bind(py);
        // SAFETY: `class` is a type, and a new reference, or null with an exception, comes back.
        let event = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class.as_type_ptr(), 0))? };
        for (slot, part) in self.slots.iter().zip(parts) {
            // SAFETY: three live objects, of which the first is of the type that `set` is of, and checks what the second
            // is; -1 comes with an exception.
            if unsafe { (slot.set)(slot.field.as_ptr(), event.as_ptr(), part.as_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        Ok(event)
    }
}

impl Slot {
    fn of(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let field = class.getattr(name)?;
        // SAFETY: a live object's type, of which null or the function comes back that the interpreter itself calls.
        let set = unsafe { ffi::PyType_GetSlot(ffi::Py_TYPE(field.as_ptr()), ffi::Py_tp_descr_set) };
        if set.is_null() {
            return Err(PyTypeError::new_err(format!("{name} is no slot")));
        }
        // SAFETY: what stands in this place of a type is such a function.
        let set = unsafe { std::mem::transmute::<*mut std::ffi::c_void, ffi::descrsetfunc>(set) };
        Ok(Self { field: field.unbind(), set })
    }
}
