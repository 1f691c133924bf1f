//! Reads shopper events in Penchant's own form, as JSON, and nothing else: an optional part of Penchant.
//!
//! It makes an event of a record that is just as it should be, and leaves every other one to Python, which decides and
//! says why. What has a rule of its own (products, placeholders, personal data, consent strings) Python judges, once
//! for all that comes again.

mod event;
mod memory;
mod reader;
mod told;

/// Read by streams/events/native_reader.py.
#[pyo3::pymodule]
mod penchant_native {
    #[pymodule_export]
    use crate::reader::Reader;

    /// The version of Penchant that it reads for.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
