//! Excerpts of bodies for errors.

/// The length of an excerpt, in characters.
const LENGTH: usize = 200;

/// The part of a body that is considered for an excerpt, in bytes.
pub(super) const EXCERPT_OF: usize = 64 * LENGTH;

/// The start of a body that is not an error object, such as a proxy's HTML page, as one line of text.
pub(super) fn excerpt(body: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in body.chars().take(EXCERPT_OF) {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_html_page_becomes_a_short_line() {
        let page =
            "<html><head><title>502 Bad Gateway</title></head>\r\n<body>\n<center>nginx</center>";
        assert_eq!(excerpt(page), "502 Bad Gateway nginx");
        assert_eq!(excerpt(&"가".repeat(500)).chars().count(), 201);
    }
}
