//! HTML character references, which models write inside Markdown: `&amp;`, `&#39;`, `&#x27;`.

/// The longest reference between `&` and `;`, in characters; anything longer is text.
pub(super) const LONGEST: usize = 8;

/// The names of U+00A0 to U+00FF, in order.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// Other common names, of HTML's 2,231.
const NAMES: &[(&str, char)] = &[
    ("Dagger", '‡'),
    ("Delta", 'Δ'),
    ("OElig", 'Œ'),
    ("Omega", 'Ω'),
    ("Prime", '″'),
    ("Scaron", 'Š'),
    ("Sigma", 'Σ'),
    ("alpha", 'α'),
    ("amp", '&'),
    ("apos", '\u{27}'),
    ("asymp", '≈'),
    ("bdquo", '„'),
    ("beta", 'β'),
    ("bull", '•'),
    ("dagger", '†'),
    ("darr", '↓'),
    ("delta", 'δ'),
    ("emsp", '\u{2003}'),
    ("ensp", '\u{2002}'),
    ("euro", '€'),
    ("fnof", 'ƒ'),
    ("gamma", 'γ'),
    ("ge", '≥'),
    ("gt", '>'),
    ("harr", '↔'),
    ("hellip", '…'),
    ("infin", '∞'),
    ("lambda", 'λ'),
    ("larr", '←'),
    ("ldquo", '“'),
    ("le", '≤'),
    ("lsaquo", '‹'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("minus", '−'),
    ("mu", 'μ'),
    ("ndash", '–'),
    ("ne", '≠'),
    ("oelig", 'œ'),
    ("omega", 'ω'),
    ("permil", '‰'),
    ("pi", 'π'),
    ("prime", '′'),
    ("quot", '"'),
    ("radic", '√'),
    ("rarr", '→'),
    ("rdquo", '”'),
    ("rsaquo", '›'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("scaron", 'š'),
    ("sigma", 'σ'),
    ("sum", '∑'),
    ("thinsp", '\u{2009}'),
    ("trade", '™'),
    ("uarr", '↑'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

/// Returns true if the character can be a part of a reference.
pub(super) fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '#'
}

/// The character of a reference, which is passed without its `&` and `;`.
pub(super) fn read(reference: &str) -> Option<char> {
    if let Some(number) = reference.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).filter(|c| *c != '\0');
    }
    if let Some(place) = LATIN.iter().position(|name| *name == reference) {
        return char::from_u32(0xA0 + u32::try_from(place).ok()?);
    }
    NAMES.iter().find(|(name, _)| *name == reference).map(|(_, c)| *c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_by_name_and_by_number() {
        for (reference, c) in [
            ("amp", '&'),
            ("nbsp", '\u{a0}'),
            ("eacute", 'é'),
            ("yuml", 'ÿ'),
            ("hellip", '…'),
            ("#39", '\''),
            ("#x27", '\''),
            ("#X1F600", '😀'),
            ("#50504", '안'),
        ] {
            assert_eq!(read(reference), Some(c), "{reference}");
        }
        for junk in ["", "#", "#x", "#0", "#-1", "#xD800", "#x110000", "AMP ", "ampere", "T"] {
            assert_eq!(read(junk), None, "{junk}");
        }
        assert!(NAMES.iter().all(|(name, _)| name.len() <= LONGEST));
    }
}
