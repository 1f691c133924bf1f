//! What is known already, by the bytes that it came in.

use ahash::AHashMap;
use pyo3::prelude::*;

/// At most `most` Python objects by text; forgets them all when there would be more.
pub struct Memory {
    known: AHashMap<Box<str>, Py<PyAny>>,
    most: usize,
}

impl Memory {
    pub fn new(most: usize) -> Self {
        Self { known: AHashMap::new(), most }
    }

    pub fn get<'py>(&self, py: Python<'py>, text: &str) -> Option<Bound<'py, PyAny>> {
        self.known.get(text).map(|known| known.bind(py).clone())
    }

    pub fn put(&mut self, text: &str, known: &Bound<'_, PyAny>) {
        if self.known.len() >= self.most {
            self.known.clear();
        }
        self.known.insert(text.into(), known.clone().unbind());
    }
}
