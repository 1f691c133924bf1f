//! Makes Python's objects of what records say.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// A `ShopperEvent` whose parts are known to be good, as `made` in streams/events/wire.py makes it: its constructor
/// would validate them again. Each part goes to the slot of its name.
pub fn made<'py>(class: &Bound<'py, PyType>, parts: [Bound<'py, PyAny>; 9]) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let names: [&Bound<'py, PyString>; 9] = [
        intern!(py, "event_id"),
        intern!(py, "shopper_id"),
        intern!(py, "action"),
        intern!(py, "time_ms"),
        intern!(py, "items"),
        intern!(py, "query"),
        intern!(py, "session_id"),
        intern!(py, "order_id"),
        intern!(py, "consent"),
    ];
    // SAFETY: `class` is a type, and a new reference, or null with an exception, comes back.
    let event = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class.as_type_ptr(), 0))? };
    for (name, part) in names.into_iter().zip(&parts) {
        // SAFETY: three live objects; -1 comes with an exception. It passes by the class's own `__setattr__`, which
        // refuses since the class is frozen.
        if unsafe { ffi::PyObject_GenericSetAttr(event.as_ptr(), name.as_ptr(), part.as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
    }
    Ok(event)
}
