//! The timeline of a turn's stages, as data, as text and as a picture.

use roxmltree::Document;
use serde_json::json;
use turnwire::turn::{StageName, StageOutcome, Timeline};
use turnwire::{Error, ErrorKind};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, read};

/// The timeline of a turn in a new workspace, with this sentiment result.
async fn timeline(label: Result<&'static str, &'static str>) -> Timeline {
    let bench = Bench::replying(Script::chat(["a", "b", "c"])).await;
    let turns = bench
        .settings()
        .sentiment(move |_: String| async move {
            label.map(str::to_owned).map_err(|why| Error::new(ErrorKind::Api, "bert", why))
        })
        .build()
        .unwrap();
    let mut turn = turns.start(bench.ask_anew());
    assert_eq!(turn.timeline().total, None);
    assert!(read(&mut turn).await.error.is_none());
    turns.flush(DEADLINE).await;
    turn.timeline()
}

#[tokio::test]
async fn every_stage_stands_on_it_with_its_times() {
    let line = timeline(Ok("기쁨")).await;
    let mut names: Vec<_> = line.stages.iter().map(|stage| stage.name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "create_workspace",
        "naming",
        "reply",
        "save_ai",
        "save_user",
        "sentiment",
        "start_session",
    ];
    assert_eq!(names, expected);
    for stage in &line.stages {
        assert_eq!(stage.outcome, StageOutcome::Done, "{stage:?}");
        assert!(stage.ended.unwrap() >= stage.began);
    }
    let at = |name| line.stage(name).unwrap();
    assert!(at(StageName::CreateWorkspace).began >= at(StageName::Naming).ended.unwrap());
    assert!(at(StageName::SaveUser).began >= at(StageName::StartSession).ended.unwrap());
    assert!(at(StageName::SaveAi).began >= at(StageName::SaveUser).ended.unwrap());
    assert!(line.first_token.unwrap() <= at(StageName::Reply).ended.unwrap());
    assert!(line.total.unwrap() >= at(StageName::Reply).ended.unwrap());
    assert_eq!(line.pieces, 3);
    assert!(line.pieces_per_second().unwrap() > 0.0);
    let sum: std::time::Duration = line.stages.iter().map(|stage| stage.took().unwrap()).sum();
    assert_eq!(line.one_after_another(), sum);
}

#[tokio::test]
async fn as_data_its_times_are_milliseconds() {
    let line = timeline(Err("no such file")).await;
    let data = json!(line);
    let ms = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    assert_eq!(data["first_token_ms"], ms(line.first_token.unwrap()));
    assert_eq!(data["total_ms"], ms(line.total.unwrap()));
    assert_eq!(data["pieces"], 3);
    let stage = line.stage(StageName::Sentiment).unwrap();
    let StageOutcome::Failed(reason) = &stage.outcome else { panic!("{stage:?}") };
    let found = data["stages"].as_array().unwrap().iter().find(|s| s["name"] == "sentiment");
    let expected = json!({
        "name": "sentiment",
        "began_ms": ms(stage.began),
        "ended_ms": ms(stage.ended.unwrap()),
        "outcome": "failed",
        "reason": reason,
    });
    assert_eq!(found, Some(&expected));
}

#[tokio::test]
async fn as_text_it_has_a_line_a_stage_and_says_what_failed() {
    let line = timeline(Err("no such\nfile")).await;
    let text = line.to_string();
    let lines: Vec<_> = text.lines().collect();
    // A header, the reason of the failure, and two lines of totals.
    assert_eq!(lines.len(), line.stages.len() + 4, "{text}");
    for name in ["sentiment", "reply", "workspace name", "start session", "save AI's message"] {
        assert!(lines.iter().any(|line| line.starts_with(name) && line.contains(" ms")), "{text}");
    }
    let is_reason =
        |line: &&str| line.starts_with("sentiment: failed: ") && line.contains("no such file");
    assert!(lines.iter().any(is_reason), "{text}");
    assert!(text.contains("first token") && text.contains("3 pieces"), "{text}");
    assert!(text.contains("one stage after another"), "{text}");
}

#[tokio::test]
async fn as_a_picture_it_is_well_formed_whatever_a_failure_says() {
    let why = "<b> & \"c\" ]]> \u{0}\u{1b}[31m\u{fffe} 안녕";
    let svg = timeline(Err(why)).await.to_svg();
    let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
    let titles: Vec<_> = root.descendants().filter(|node| node.has_tag_name("title")).collect();
    let said = |words: &str| titles.iter().any(|node| node.text().unwrap().contains(words));
    assert!(said("<b> & \"c\" ]]>") && said("안녕"), "{svg}");
    let names = ["sentiment", "reply", "workspace name", "save AI's message"];
    for name in names {
        assert!(root.descendants().any(|node| node.text() == Some(name)), "{name}: {svg}");
    }
    let empty = Timeline::default().to_svg();
    assert!(Document::parse(&empty).is_ok(), "{empty}");
}
