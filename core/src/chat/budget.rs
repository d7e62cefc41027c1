//! A budget for the memory that parsing one JSON may use: a few times its length, charged before it is allocated.
//!
//! A list of nothing but `{}` or `0` would take forty times its length as objects or as a tree. The parser charges its
//! memory as it goes, and stops when the charge exceeds that of any legitimate JSON.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The largest number of replies, and of tool calls in each, that are kept.
pub(super) const MOST: usize = 1024;

/// The memory allowed for any JSON, however short: enough for the ids of 200,000 tokens in an unmodelled field.
const FREE: usize = 32 * 1024 * 1024;

/// The additional memory allowed, as a multiple of the JSON's length. Log probabilities, the densest data that services
/// send, take five.
const TIMES: usize = 8;

thread_local! {
    /// The budget left for the JSON that this thread is parsing. Parsing never waits, so there is one at a time.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Parses JSON of this length within its budget.
pub(super) fn within<T>(length: usize, read: impl FnOnce() -> T) -> T {
    struct Restore(usize);

    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }

    let _restore = Restore(LEFT.replace(length.saturating_mul(TIMES).saturating_add(FREE)));
    read()
}

/// Charges memory to the budget.
pub(super) fn spend<E: Error>(bytes: usize) -> Result<(), E> {
    let left = LEFT.get().checked_sub(bytes);
    LEFT.set(left.ok_or_else(|| {
        E::custom(format_args!(
            "it would take more memory than {TIMES} times its length and {} MiB",
            FREE >> 20
        ))
    })?);
    Ok(())
}

/// Charges one more object in a list, which grows by doubling.
pub(super) fn spend_on<T, E: Error>() -> Result<(), E> {
    spend(2 * size_of::<T>())
}

/// Charges one more field in a map of `fields` fields.
pub(super) fn spend_on_field<E: Error>(fields: usize) -> Result<(), E> {
    spend(grown(fields) * size_of::<(usize, String, Value)>())
}

/// The growth in capacity when an item is added to a collection of `items`: four at first, then doubling.
fn grown(items: usize) -> usize {
    match items {
        0 => 4,
        1..4 => 0,
        _ => 2,
    }
}

/// Any JSON, parsed within a budget.
pub(super) struct Budgeted(pub(super) Value);

impl<'de> Deserialize<'de> for Budgeted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BudgetedVisitor).map(Budgeted)
    }
}

struct BudgetedVisitor;

impl<'de> Visitor<'de> for BudgetedVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Budgeted::deserialize(deserializer).map(|kept| kept.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Budgeted(item)) = items.next_element()? {
            spend(grown(list.len()) * size_of::<Value>())?;
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            spend_on_field(map.len())?;
            let Budgeted(value) = fields.next_value()?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_is_kept_as_it_is() {
        for json in [
            "null",
            "true",
            "-7",
            "1.5",
            r#""a\n""#,
            "[]",
            r#"{"b":[1,{"z":null,"a":[]}],"a":18446744073709551615}"#,
        ] {
            let Budgeted(value) = serde_json::from_str(json).unwrap();
            assert_eq!(value.to_string(), json);
        }
    }

    #[test]
    fn json_of_nothing_but_values_is_broken_off() {
        let read =
            |json: String| within(json.len(), || serde_json::from_str::<Budgeted>(&json).is_ok());
        let list = |item: &str, times: usize| format!("[{}0]", format!("{item},").repeat(times));
        for item in ["0", "{}", "[]", r#"{"":0}"#] {
            assert!(!read(list(item, 1_000_000)), "{item}");
            assert!(read(list(item, 2_000)), "{item}: it is small");
        }
        assert!(read(format!("[\"{}\"]", list("{}", 200_000))), "it is text");
        assert!(read(list(r#"{"type":"text","text":"a few words of some length"}"#, 50_000)));
        assert!(!read(list("0", 1_000_000)), "a budget is one JSON's");
    }
}
