//! Language tags, mapped as in the PyPI package `gtts`: tags that the service no longer supports become supported ones.

/// Regional tags that map to the bare language or to another spelling (`gtts/lang.py`).
const REGIONS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "en-us", "en-ca", "en-uk", "en-gb", "en-au", "en-gh", "en-in", "en-ie", "en-nz",
            "en-ng", "en-ph", "en-za", "en-tz",
        ],
    ),
    ("fr", &["fr-ca", "fr-fr"]),
    ("pt", &["pt-br", "pt-pt"]),
    ("es", &["es-es", "es-us"]),
    ("zh-CN", &["zh-cn"]),
    ("zh-TW", &["zh-tw"]),
];

/// The tag that is sent to the service. Case does not matter (RFC 5646, section 2.1.1): a language without a region
/// is written in lower case.
pub(super) fn mapped(tag: &str) -> String {
    let tag = tag.trim();
    let small = tag.to_ascii_lowercase();
    match REGIONS.iter().find(|(_, regions)| regions.contains(&small.as_str())) {
        Some((known, _)) => (*known).to_owned(),
        None if tag.contains('-') => tag.to_owned(),
        None => small,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_mapped_as_gtts_maps_them() {
        for (tag, known) in [
            ("zh-cn", "zh-CN"),
            ("ZH-CN", "zh-CN"),
            ("zh-tw", "zh-TW"),
            ("en-us", "en"),
            ("en-US", "en"),
            ("En-Gb", "en"),
            ("fr-CA", "fr"),
            ("pt-BR", "pt"),
            ("es-US", "es"),
            ("KO", "ko"),
            (" ko ", "ko"),
            ("yue", "yue"),
            ("zh", "zh"),
            ("iw", "iw"),
            // A tag that gtts does not know is sent to the service as it is.
            ("en-JM", "en-JM"),
            ("sr-Latn", "sr-Latn"),
        ] {
            assert_eq!(mapped(tag), known, "{tag}");
        }
    }
}
