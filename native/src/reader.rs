//! The reader: records in, events out, with `None` for each record that is left to Python.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PyInt, PyList, PyString, PyTuple, PyType};

use crate::event::Maker;
use crate::memory::Memory;
use crate::told::{TIMES_MS, Text, Told, is_plain, purposes, told};

/// Reads records. `rules` is the `Wire` of streams/events/wire.py, which judges what has a rule of its own.
#[pyclass(module = "penchant_native")]
pub struct Reader {
    maker: Maker,
    rules: Py<PyAny>,
    spellings: Py<PyFrozenSet>,
    actions: Vec<(String, Py<PyAny>)>,
    consents: Vec<Py<PyAny>>,
    nothing: Py<PyAny>,
    products: Memory,
    shoppers: Memory,
    longest_list: usize,
}

#[pymethods]
impl Reader {
    #[new]
    #[pyo3(signature = (class, rules, *, spellings, actions, consents, products, shoppers, longest_list))]
    #[expect(clippy::too_many_arguments, reason = "Python hands them over by name")]
    fn new(
        py: Python<'_>,
        class: Py<PyType>,
        rules: Py<PyAny>,
        spellings: Py<PyFrozenSet>,
        actions: Vec<Py<PyString>>,
        consents: Vec<Py<PyAny>>,
        products: usize,
        shoppers: usize,
        longest_list: usize,
    ) -> PyResult<Self> {
        let named = |action: Py<PyString>| Ok((action.bind(py).to_str()?.to_owned(), action.into_any()));
        Ok(Self {
            maker: Maker::new(class.bind(py))?,
            rules,
            spellings,
            actions: actions.into_iter().map(named).collect::<PyResult<_>>()?,
            consents,
            nothing: PyTuple::empty(py).into_any().unbind(),
            products: Memory::new(products),
            shoppers: Memory::new(shoppers),
            longest_list,
        })
    }

    /// For each record (offset, timestamp, event), or `None`; and the places of the latter. A record is Python's when
    /// it has headers, more than `max_bytes`, or, where `keyed`, another key than its shopper's id.
    fn read<'py>(
        &mut self,
        records: &Bound<'py, PyAny>,
        max_bytes: usize,
        keyed: bool,
    ) -> PyResult<(Bound<'py, PyList>, Vec<usize>)> {
        let py = records.py();
        let (taken, mut left) = (PyList::empty(py), Vec::new());
        for (place, record) in records.try_iter()?.enumerate() {
            let record = record?;
            // A panic ends no worker: its record is looked at by Python.
            let read = catch_unwind(AssertUnwindSafe(|| self.record(&record, max_bytes, keyed)));
            match read.unwrap_or(Ok(None))? {
                Some(event) => taken.append(event)?,
                None => {
                    left.push(place);
                    taken.append(py.None())?;
                }
            }
        }
        Ok((taken, left))
    }
}

impl Reader {
    fn record<'py>(
        &mut self,
        record: &Bound<'py, PyAny>,
        max_bytes: usize,
        keyed: bool,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let py = record.py();
        let value = record.getattr(intern!(py, "value"))?;
        let timestamp = record.getattr(intern!(py, "timestamp"))?;
        let Ok(value) = value.cast_exact::<PyBytes>().map(|value| value.as_bytes()) else { return Ok(None) };
        let in_time = timestamp.extract::<i64>().is_ok_and(|time_ms| TIMES_MS.contains(&time_ms));
        if !in_time || value.len() > max_bytes || record.getattr(intern!(py, "headers"))?.is_truthy()? {
            return Ok(None);
        }
        let Some(told) = told(value) else { return Ok(None) };
        let key = record.getattr(intern!(py, "key"))?;
        if keyed && !key.cast_exact::<PyBytes>().is_ok_and(|key| key.as_bytes() == told.shopper_id.as_bytes()) {
            return Ok(None);
        }
        let Some(event) = self.event(py, &told)? else { return Ok(None) };
        let offset = record.getattr(intern!(py, "offset"))?;
        PyTuple::new(py, [offset, timestamp, event]).map(Some)
    }

    fn event<'py>(&mut self, py: Python<'py>, told: &Told<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let action = self.actions.iter().find(|(name, _)| *name == told.action);
        let Some(action) = action.map(|(_, action)| action.bind(py).clone()) else { return Ok(None) };
        let Some(shopper_id) = self.shopper(py, &told.shopper_id)? else { return Ok(None) };
        let Some(event_id) = self.event_id(py, &told.event_id)? else { return Ok(None) };
        let Some(items) = self.items(py, told)? else { return Ok(None) };
        let Some(consent) = self.consent(py, told)? else { return Ok(None) };
        let rules = self.rules.bind(py);
        let judged = |text: &Option<Text<'_>>, rule: &Bound<'py, PyString>| match said(text) {
            Some(text) => rules.call_method1(rule, (text,)),
            None => Ok(py.None().into_bound(py)),
        };
        let query = judged(&told.query, intern!(py, "query"))?;
        let order_id = judged(&told.order_id, intern!(py, "order_id"))?;
        let session_id = match said(&told.session_id) {
            Some(text) => PyString::new(py, text).into_any(),
            None => py.None().into_bound(py),
        };
        let time_ms = PyInt::new(py, told.time_ms).into_any();
        let parts = [event_id, shopper_id, action, time_ms, items, query, session_id, order_id, consent];
        self.maker.made(py, &parts).map(Some)
    }

    fn shopper<'py>(&mut self, py: Python<'py>, id: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(known) = self.shoppers.get(py, id) {
            return Ok(Some(known));
        }
        let shopper_id = PyString::new(py, id).into_any();
        if !self.rules.bind(py).call_method1(intern!(py, "is_somebody"), (&shopper_id,))?.is_truthy()? {
            return Ok(None);
        }
        self.shoppers.put(id, &shopper_id);
        Ok(Some(shopper_id))
    }

    fn event_id<'py>(&self, py: Python<'py>, id: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let event_id = PyString::new(py, id).into_any();
        if is_plain(id) {
            return Ok((!self.spellings.bind(py).contains(&event_id)?).then_some(event_id));
        }
        some(self.rules.bind(py).call_method1(intern!(py, "event_id"), (event_id,))?)
    }

    fn items<'py>(&mut self, py: Python<'py>, told: &Told<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(raw) = told.items.map(|raw| raw.get()) else { return Ok(Some(self.nothing.bind(py).clone())) };
        if let Some(known) = self.products.get(py, raw) {
            return Ok(Some(known));
        }
        let raw_bytes = PyBytes::new(py, raw.as_bytes());
        let items = some(self.rules.bind(py).call_method1(intern!(py, "items"), (raw_bytes,))?)?;
        if let Some(items) = &items {
            if items.len()? < 2 && raw.len() <= self.longest_list {
                self.products.put(raw, items);
            }
        }
        Ok(items)
    }

    /// What is said of purposes; Python's `None`, where nothing is.
    fn consent<'py>(&self, py: Python<'py>, told: &Told<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(raw) = told.consent else { return Ok(Some(py.None().into_bound(py))) };
        let Some(said) = purposes(raw) else { return Ok(None) };
        let (personalisation, advertising) = (said.personalisation, said.advertising);
        if let Some(Text(tcf)) = said.tcf {
            let said = (personalisation, advertising, tcf);
            return self.rules.bind(py).call_method1(intern!(py, "consent"), said).map(Some);
        }
        let place = 3 * answer(personalisation) + answer(advertising);
        Ok(self.consents.get(place).map(|consent| consent.bind(py).clone()))
    }
}

fn said<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_ref().map(|text| text.0.as_ref()).filter(|text| !text.is_empty())
}

/// What Python says, unless that is `None`.
fn some(said: Bound<'_, PyAny>) -> PyResult<Option<Bound<'_, PyAny>>> {
    Ok((!said.is_none()).then_some(said))
}

/// The place of an answer in (None, False, True).
fn answer(said: Option<bool>) -> usize {
    said.map_or(0, |yes| 1 + usize::from(yes))
}
