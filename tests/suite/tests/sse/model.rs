//! Any stream, in any split, against the reference model.

use proptest::prelude::*;
use turnwire::sse::Decoder;
use turnwire_suite::sse::{assert_linear, assert_reencodes, assert_same_for_any_split, reference};

use super::soup::{at, places, soup};

proptest! {
    #![proptest_config(super::cases(16))]

    #[test]
    fn any_split_of_any_bytes_gives_what_the_standard_says(bytes in soup(), places in places()) {
        let decoded = assert_same_for_any_split(&bytes, &at(&places, bytes.len()), Decoder::new);
        prop_assert_eq!(&decoded, &reference(&bytes));
    }

    #[test]
    fn what_was_decoded_is_linear_in_the_stream(bytes in soup()) {
        let decoded = assert_same_for_any_split(&bytes, &[], Decoder::new);
        assert_linear(&decoded, bytes.len());
    }

    #[test]
    fn what_was_decoded_encodes_to_itself(bytes in soup()) {
        let decoded = assert_same_for_any_split(&bytes, &[], Decoder::new);
        assert_reencodes(&decoded);
    }

    #[test]
    fn an_initial_id_counts_as_given_before_the_stream(bytes in soup(), places in places()) {
        // After any other byte a byte order mark would be part of a field's name.
        prop_assume!(!bytes.starts_with(b"\xEF"));
        let decoder = || Decoder::new().initial_last_event_id("seed");
        let decoded = assert_same_for_any_split(&bytes, &at(&places, bytes.len()), decoder);
        prop_assert_eq!(decoded, reference(&[b"id: seed\n\n", &bytes[..]].concat()));
    }
}
