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

    /// A panic's own words may quote a shopper.
    #[pymodule_init]
    fn init() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            eprintln!("penchant-native: panic at {place}; Python reads the record");
        }));
    }
}
