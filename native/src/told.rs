//! What the bytes of a record say, before anything is judged that has a rule of its own.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::{RawValue, Value};

/// Characters of an identifier at most, as `Id` in streams/events/wire.py has it.
const LONGEST_ID: usize = 128;
/// Characters of a text at most.
const LONGEST_TEXT: usize = 1_000;
/// Objects and lists in a record at most, so that none is nested deeper.
const MOST_BRACKETS: usize = 300;
/// Epoch milliseconds of the beginnings of 2000 and 2100, as streams/events/times.py has them.
pub const TIMES_MS: std::ops::RangeInclusive<i64> = 946_684_800_000..=4_102_444_800_000;

/// A text that is borrowed from the record unless it has escapes. In an `Option` a bare `Cow` is always copied.
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// `Told` of streams/events/wire.py. A field that comes twice is an error.
#[derive(Deserialize)]
pub struct Told<'a> {
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    #[serde(borrow)]
    pub shopper_id: Cow<'a, str>,
    #[serde(borrow)]
    pub action: Cow<'a, str>,
    pub time_ms: i64,
    #[serde(borrow, default, deserialize_with = "given")]
    pub items: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub query: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub session_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub order_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub consent: Option<&'a RawValue>,
    #[serde(default)]
    pub minor: Option<bool>,
}

/// `ToldConsent` of streams/events/wire.py.
#[derive(Deserialize)]
pub struct Purposes<'a> {
    #[serde(default)]
    pub personalisation: Option<bool>,
    #[serde(default)]
    pub advertising: Option<bool>,
    #[serde(borrow, default)]
    pub tcf: Option<Text<'a>>,
}

/// What a record says; `None` for whatever needs a closer look.
pub fn told(value: &[u8]) -> Option<Told<'_>> {
    let text = std::str::from_utf8(value).ok()?;
    let brackets = || value.iter().filter(|&&byte| byte == b'{' || byte == b'[').count();
    if !is_object(text) || (value.len() > MOST_BRACKETS && brackets() > MOST_BRACKETS) || has_half_character(text) {
        return None;
    }
    let told: Told = serde_json::from_str(text).ok()?;
    let texts = [&told.query, &told.session_id, &told.order_id];
    let good = TIMES_MS.contains(&told.time_ms)
        && told.minor != Some(true)
        && [&told.event_id, &told.shopper_id].iter().all(|id| !id.is_empty() && fits(id, LONGEST_ID))
        && texts.into_iter().flatten().all(|text| fits(&text.0, LONGEST_TEXT));
    good.then_some(told)
}

/// What an object says of purposes.
pub fn purposes(raw: &RawValue) -> Option<Purposes<'_>> {
    if is_object(raw.get()) { serde_json::from_str(raw.get()).ok() } else { None }
}

/// Whether an id is of letters, digits, `-` and `_`, and does not begin as bank accounts do.
pub fn is_plain(id: &str) -> bool {
    let bytes = id.as_bytes();
    let like_account =
        bytes.len() > 4 && bytes[..2].iter().all(u8::is_ascii_alphabetic) && bytes[2..4].iter().all(u8::is_ascii_digit);
    !like_account && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Serde reads a list as an object too, field by field.
fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// Whether half a surrogate pair may stand in a text that nobody asked for, which is passed over without a look.
fn has_half_character(text: &str) -> bool {
    let escaped = || text.contains("\\ud") || text.contains("\\uD");
    text.as_bytes().contains(&b'\\') && escaped() && serde_json::from_str::<Value>(text).is_err()
}

fn fits(text: &str, characters: usize) -> bool {
    text.len() <= characters || text.chars().count() <= characters
}

/// A field that is there, `null` too.
fn given<'de, D: Deserializer<'de>>(told: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(told).map(Some)
}
