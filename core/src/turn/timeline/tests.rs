//! A timeline as chart, picture and data.

use std::time::Duration;

use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::words::text_width;
use super::{Stage, StageName, StageOutcome, Timeline};

const NAMES: [StageName; 9] = [
    StageName::Sentiment,
    StageName::History,
    StageName::Reply,
    StageName::Naming,
    StageName::CreateWorkspace,
    StageName::StartSession,
    StageName::SaveUser,
    StageName::SaveAi,
    StageName::Speech,
];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn stage(name: StageName, began: u64, ended: u64, outcome: StageOutcome) -> Stage {
    Stage { name, began: ms(began), ended: Some(ms(ended)), outcome }
}

fn refused() -> StageOutcome {
    StageOutcome::Failed("연결 <refused> & gone\n".to_owned())
}

fn turn() -> Timeline {
    use StageOutcome::{Done, Late};
    Timeline {
        stages: vec![
            stage(StageName::Naming, 0, 800, Done),
            stage(StageName::Sentiment, 0, 300, Late),
            stage(StageName::Reply, 150, 1550, Done),
            stage(StageName::CreateWorkspace, 800, 850, refused()),
            stage(StageName::CreateWorkspace, 1000, 1050, Done),
            stage(StageName::StartSession, 1050, 1100, Done),
            stage(StageName::SaveUser, 1100, 1200, Done),
            stage(StageName::SaveAi, 1550, 1650, refused()),
        ],
        first_token: Some(ms(550)),
        first_audio: None,
        total: Some(ms(1551)),
        pieces: 41,
        ..Timeline::default()
    }
}

#[test]
fn a_timeline_is_read_as_it_is_written() {
    let json = serde_json::to_string(&turn()).unwrap();
    assert_eq!(serde_json::from_str::<Timeline>(&json).unwrap(), turn());
    // With nulls for what other stages have, as languages write it.
    let written = r#"{"stages": [{"name": "reply", "began_ms": 1.5, "ended_ms": null, "outcome": "running", "reason": null}]}"#;
    let read: Timeline = serde_json::from_str(written).unwrap();
    let running = Stage {
        ended: None,
        began: Duration::from_micros(1500),
        ..stage(StageName::Reply, 0, 0, StageOutcome::Running)
    };
    assert_eq!(read, Timeline { stages: vec![running], ..Timeline::default() });
    assert!(serde_json::from_str::<Timeline>(r#"{"stages": [], "total_ms": -1}"#).is_err());
}

#[test]
fn a_chart_shows_each_stage_and_says_what_went_wrong() {
    insta::assert_snapshot!(turn(), @r"
    stage                                                            from     took
    workspace name      ███████████████████·····················     0 ms   800 ms
    sentiment           ███████·································     0 ms   300 ms
    reply               ····░░░░░░░░░█████████████████████████··   150 ms   1.40 s
    create workspace    ···················xx···█···············   800 ms   100 ms
    start session       ·························██·············   1.05 s    50 ms
    save user's message ···························██···········   1.10 s   100 ms
    save AI's message   ······································xx   1.55 s   100 ms
    sentiment: too late
    create workspace: done at try 2: 연결 <refused> & gone
    save AI's message: failed: 연결 <refused> & gone
    first token after 550 ms · done after 1.55 s · 41 pieces, 40 a second
    one stage after another: 2.85 s before anything is seen
    ");
}

#[test]
fn as_data_times_are_milliseconds_and_outcomes_have_names() {
    let data = serde_json::to_value(turn()).unwrap();
    assert_eq!(data["first_token_ms"], 550.0);
    assert_eq!(data["total_ms"], 1551.0);
    assert_eq!(data["pieces"], 41);
    let first = serde_json::json!({
        "name": "naming", "began_ms": 0.0, "ended_ms": 800.0, "outcome": "done",
    });
    assert_eq!(data["stages"][0], first);
    let failed = &data["stages"][7];
    assert_eq!(
        (&failed["outcome"], &failed["reason"]),
        (&"failed".into(), &"연결 <refused> & gone\n".into())
    );
    assert_eq!(
        serde_json::to_value(Timeline::default()).unwrap()["total_ms"],
        serde_json::Value::Null
    );
}

#[test]
fn one_after_another_is_the_sum_of_what_ran() {
    assert_eq!(turn().one_after_another(), ms(800 + 300 + 1400 + 50 + 50 + 50 + 100 + 100));
    let running = Stage { ended: None, ..stage(StageName::Speech, 5, 0, StageOutcome::Running) };
    let line = Timeline { stages: vec![running], ..Timeline::default() };
    assert_eq!(line.one_after_another(), Duration::ZERO);
}

#[test]
fn pieces_are_counted_from_the_first_to_the_last() {
    assert_eq!(turn().pieces_per_second(), Some(40.0));
    assert_eq!(Timeline { pieces: 1, ..turn() }.pieces_per_second(), None);
}

#[test]
fn a_picture_marks_the_first_token_and_gives_the_reason_of_a_failure() {
    let svg = turn().to_svg_with("Simulated, <all> of it");
    let document = Document::parse(&svg).unwrap();
    let texts: Vec<_> = document.descendants().filter_map(|node| node.text()).collect();
    for expected in [
        "One turn: first token after 550 ms, done after 1.55 s",
        "One stage after another, the reader sees nothing for 2.85 s: 5.2 times as long.",
        "Simulated, <all> of it",
        "first token 550 ms",
        "first word 2.85 s",
        "300 ms, too late",
        "100 ms, done at try 2",
        "100 ms, failed",
        "save AI's message: 연결 <refused> & gone",
    ] {
        assert!(texts.contains(&expected), "{expected:?} is not in {texts:#?}");
    }
}

/// A text's place: left, right, base line.
fn place(text: Node<'_, '_>) -> (f64, f64, f64) {
    let number = |name| text.attribute(name).unwrap().parse::<f64>().unwrap();
    let size = text.attribute("font-size").map_or(12.0, |size| size.parse().unwrap());
    let (x, width) = (number("x"), text_width(text.text().unwrap_or_default()) * size / 12.0);
    let left = match text.attribute("text-anchor") {
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        _ => x,
    };
    (left, left + width, number("y"))
}

fn any_stage() -> impl Strategy<Value = Stage> {
    let outcome = prop_oneof![
        Just(StageOutcome::Done),
        Just(StageOutcome::Late),
        Just(StageOutcome::Cancelled),
        Just(StageOutcome::Running),
        any::<String>().prop_map(StageOutcome::Failed),
        "[가-힣 ]{0,200}".prop_map(StageOutcome::Failed),
    ];
    let time = prop_oneof![0..3000u64, 0..200_000_000u64];
    (prop::sample::select(&NAMES[..]), time.clone(), time, outcome).prop_map(
        |(name, began, took, outcome)| {
            let ended = (outcome != StageOutcome::Running)
                .then(|| Duration::from_micros(began.saturating_add(took)));
            Stage { name, began: Duration::from_micros(began), ended, outcome }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn in_no_picture_texts_overlap_or_leave_it(
        stages in prop::collection::vec(any_stage(), 0..14),
        first in prop::option::of(0..300_000u64),
        total in prop::option::of(0..300_000u64),
    ) {
        let line = Timeline {
            stages,
            first_token: first.map(ms),
            first_audio: total.map(ms),
            total: total.map(ms),
            pieces: 3,
            ..Timeline::default()
        };
        let svg = line.to_svg();
        let document = Document::parse(&svg).unwrap();
        let height: f64 = document.root_element().attribute("height").unwrap().parse().unwrap();
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        let places: Vec<_> = texts.map(|text| (place(text), text.text().unwrap_or_default())).collect();
        for (at, ((left, right, y), text)) in places.iter().enumerate() {
            prop_assert!(*left >= 0.0 && *right <= 960.0 && *y < height, "{text:?} leaves the picture");
            for ((other_left, other_right, other_y), other) in places.iter().skip(at + 1) {
                let is_beside = right <= other_left || other_right <= left;
                prop_assert!(is_beside || (y - other_y).abs() >= 12.0, "{text:?} and {other:?}");
            }
        }
    }

    #[test]
    fn every_chart_is_80_columns_wide(stages in prop::collection::vec(any_stage(), 0..14)) {
        let line = Timeline { stages, ..Timeline::default() };
        let rows = line.rows().len();
        for row in line.to_string().lines().take(rows + 1) {
            prop_assert!(row.chars().count() <= 80, "{row}");
        }
    }
}
