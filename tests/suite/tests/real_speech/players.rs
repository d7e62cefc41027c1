//! Players: they decode a file, or report its faults.

use std::path::Path;
use std::process::Command;

/// Decodes a file with ffmpeg: samples of 16 bits at 24 kHz, one channel. Any warning fails the test.
pub(crate) fn decoded(file: &Path) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-f", "s16le", "-ac", "1", "-ar", "24000", "-"])
        .output()
        .expect("ffmpeg is on the PATH");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", file.display());
    output.stdout
}

/// The length in seconds of the result of [`decoded`].
pub(crate) fn seconds(samples: &[u8]) -> f64 {
    samples.len() as f64 / 48_000.0
}

/// Asserts that mpg123 plays the file to its end, without a warning and as one stream.
pub(crate) fn mpg123_plays(file: &Path) -> f64 {
    let output = Command::new("mpg123")
        .args([
            "--no-control",
            "--quiet",
            "--resync-limit",
            "0",
            "--mono",
            "--rate",
            "24000",
            "--stdout",
        ])
        .arg(file)
        .output()
        .expect("mpg123 is on the PATH");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{}: {said}", file.display());
    seconds(&output.stdout)
}
