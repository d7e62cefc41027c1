//! The span of a call has the fields of OpenTelemetry's conventions, and no content.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use turnwire_fakes::Script;

use super::{ask, read, scripted};

/// Records the fields of the spans named `chat`, and their closing.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<BTreeMap<String, String>>>);

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: tracing::Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "chat" {
            attributes.record(&mut Fields(&mut self.0.lock().unwrap()));
        }
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        self.0.lock().unwrap().insert("closed".into(), "true".into());
    }
}

async fn fields_of(script: Script) -> BTreeMap<String, String> {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    async {
        let (_fake, llm) = scripted(script).await;
        let mut stream = llm.chat_stream(ask().max_tokens(9u32)).await.unwrap();
        read(&mut stream).await;
        // The span ends with the stream's end, not with its drop.
        assert!(spans.0.lock().unwrap().contains_key("closed"));
    }
    .with_subscriber(subscriber)
    .await;
    let fields = spans.0.lock().unwrap();
    fields.clone()
}

#[tokio::test]
async fn a_call_s_span_has_the_generative_ai_attributes() {
    let script = Script::new().role("assistant").text("비밀").finish("stop").usage(3, 2).done();
    let fields = fields_of(script).await;
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(field("otel.name"), "chat m");
    assert_eq!(field("gen_ai.operation.name"), "\"chat\"");
    assert_eq!(field("gen_ai.request.model"), "\"m\"");
    assert_eq!(field("gen_ai.request.max_tokens"), "9");
    assert_eq!(field("gen_ai.response.model"), "\"m\"");
    assert_eq!(field("gen_ai.response.finish_reasons"), "[\"stop\"]");
    assert_eq!(field("gen_ai.usage.input_tokens"), "3");
    assert_eq!(field("gen_ai.usage.output_tokens"), "2");
    assert_eq!(field("server.address"), "\"127.0.0.1\"");
    assert!(field("gen_ai.response.time_to_first_chunk").parse::<f64>().unwrap() > 0.0);
    assert!(!field("gen_ai.response.id").is_empty());
    assert_eq!(field("error.type"), "");
    assert!(!format!("{fields:?}").contains("비밀") && !format!("{fields:?}").contains("안녕"));
}

#[tokio::test]
async fn a_failed_call_s_span_has_the_error_s_code() {
    let fields = fields_of(Script::new().text("a").truncate()).await;
    assert_eq!(fields["error.type"], "\"truncated\"");
    assert_eq!(fields["otel.status_code"], "\"ERROR\"");
}
