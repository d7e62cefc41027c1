//! The chunks of services with OpenAI's wire: each field in the order in which the service writes it.

use fastrand::Rng;
use serde_json::{Value, json};

use super::json::Writer;
use super::text::Tokens;
use super::{Body, Shape};

/// The text of each chunk of [`Shape::Constant`].
const CONSTANT: &str = " 안녕";
const PROMPT_TOKENS: usize = 31;
const BEGAN: u64 = 1_764_660_000;

pub(super) fn write(body: &mut Body, shape: Shape, chunks: usize, seed: u64) {
    let mut service = Service::new(shape, seed);
    let writer = service.writer();
    if shape == Shape::Tools {
        let halves = [chunks - chunks / 2, chunks / 2];
        for (index, count) in halves.into_iter().enumerate() {
            let opening = service.opening_of_tool(index);
            body.event(writer, &service.chunk(opening, None));
            for text in Tokens::arguments(seed.wrapping_add(index as u64), count) {
                let call = json!({"index": index, "function": {"arguments": text}});
                body.chunk(writer, &service.chunk(json!({"tool_calls": [call]}), None), &text);
            }
        }
    } else {
        let opening = service.opening();
        body.event(writer, &service.chunk(opening, None));
        let mut tokens = Tokens::mixed(seed);
        for _ in 0..chunks {
            let text = match shape {
                Shape::Constant => CONSTANT.to_owned(),
                _ => tokens.next().unwrap_or_default(),
            };
            let delta = service.delta(&text);
            body.chunk(writer, &service.chunk(delta, None), &text);
        }
    }
    for value in service.endings() {
        body.event(writer, &value);
    }
    body.done();
}

/// One reply of a service, as far as it is written.
struct Service {
    shape: Shape,
    rng: Rng,
    id: String,
    created: u64,
    /// Chunks so far: the completion's tokens.
    tokens: usize,
}

impl Service {
    fn new(shape: Shape, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let id = format!("chatcmpl-{}", letters(&mut rng, 29));
        Self { shape, rng, id, created: BEGAN, tokens: 0 }
    }

    fn writer(&self) -> Writer {
        match self.shape {
            Shape::Escaped => Writer::PythonAscii,
            Shape::Ollama => Writer::Go,
            _ => Writer::Compact,
        }
    }

    /// The delta that opens the message.
    fn opening(&self) -> Value {
        match self.shape {
            Shape::LlamaCpp => json!({"role": "assistant", "content": null}),
            Shape::Moving | Shape::Ollama => json!({"role": "assistant", "content": ""}),
            _ => json!({"role": "assistant", "content": "", "refusal": null}),
        }
    }

    /// The delta that opens a tool call.
    fn opening_of_tool(&mut self, index: usize) -> Value {
        let call = json!({
            "index": index, "id": format!("call_{}", letters(&mut self.rng, 24)), "type": "function",
            "function": {"name": "write_file", "arguments": ""},
        });
        match index {
            0 => {
                json!({"role": "assistant", "content": null, "tool_calls": [call], "refusal": null})
            }
            _ => json!({"tool_calls": [call]}),
        }
    }

    fn delta(&self, text: &str) -> Value {
        match self.shape {
            Shape::Moving | Shape::Ollama => json!({"role": "assistant", "content": text}),
            _ => json!({"content": text}),
        }
    }

    /// The next chunk with a choice.
    fn chunk(&mut self, delta: Value, finish: Option<&str>) -> Value {
        self.tokens += 1;
        match self.shape {
            Shape::Moving => {
                // OpenRouter's words, with the times of several answering services behind it.
                self.id = format!("gen-{}-{}", self.created, letters(&mut self.rng, 20));
                self.created += self.rng.u64(0..3);
                let choice = json!({
                    "index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish,
                    "logprobs": null,
                });
                json!({
                    "id": self.id, "provider": "DeepInfra", "model": "meta-llama/llama-3.3-70b-instruct",
                    "object": "chat.completion.chunk", "created": self.created, "choices": [choice],
                    "usage": self.usage(),
                })
            }
            Shape::LlamaCpp => {
                self.llamacpp(json!([{"finish_reason": finish, "index": 0, "delta": delta}]))
            }
            Shape::Ollama => {
                self.ollama(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
            }
            _ => {
                let choice = json!({
                    "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish,
                });
                self.openai(json!([choice]), Value::Null)
            }
        }
    }

    /// The chunks after the text: the finish reason and the usage.
    fn endings(&mut self) -> Vec<Value> {
        let usage = self.usage();
        let finish = if self.shape == Shape::Tools { "tool_calls" } else { "stop" };
        let delta = match self.shape {
            Shape::Moving | Shape::Ollama => self.delta(""),
            _ => json!({}),
        };
        let finished = self.chunk(delta, Some(finish));
        let last = match self.shape {
            Shape::Moving => return vec![finished],
            Shape::LlamaCpp => {
                let mut last = self.llamacpp(json!([]));
                if let Value::Object(fields) = &mut last {
                    fields.insert("usage".into(), usage);
                    fields.insert("timings".into(), self.timings());
                }
                last
            }
            Shape::Ollama => {
                let mut last = self.ollama(json!([]));
                if let Value::Object(fields) = &mut last {
                    fields.insert("usage".into(), usage);
                }
                last
            }
            _ => self.openai(json!([]), usage),
        };
        vec![finished, last]
    }

    fn openai(&mut self, choices: Value, usage: Value) -> Value {
        let padding = match self.shape {
            Shape::Constant => "aZ3k0Q".to_owned(),
            _ => {
                let length = self.rng.usize(1..=16);
                letters(&mut self.rng, length)
            }
        };
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": "gpt-4o-mini-2024-07-18", "service_tier": "default",
            "system_fingerprint": "fp_51db84afab", "choices": choices, "usage": usage,
            "obfuscation": padding,
        })
    }

    fn llamacpp(&self, choices: Value) -> Value {
        json!({
            "choices": choices, "created": self.created, "id": self.id,
            "model": "qwen2.5-7b-instruct-q4_k_m.gguf", "system_fingerprint": "b6510-3edd87cd0",
            "object": "chat.completion.chunk",
        })
    }

    fn ollama(&self, choices: Value) -> Value {
        // Ollama reads the clock for each chunk, and numbers its replies with up to three digits.
        json!({
            "id": "chatcmpl-417", "object": "chat.completion.chunk",
            "created": self.created + self.tokens as u64 / 40, "model": "llama3.2",
            "system_fingerprint": "fp_ollama", "choices": choices,
        })
    }

    fn usage(&self) -> Value {
        json!({
            "prompt_tokens": PROMPT_TOKENS, "completion_tokens": self.tokens,
            "total_tokens": PROMPT_TOKENS + self.tokens,
        })
    }

    fn timings(&self) -> Value {
        json!({
            "cache_n": 0, "prompt_n": PROMPT_TOKENS, "prompt_ms": 251.51,
            "prompt_per_token_ms": 8.113, "prompt_per_second": 123.256, "predicted_n": self.tokens,
            "predicted_ms": self.tokens as f64 * 14.355, "predicted_per_token_ms": 14.355,
            "predicted_per_second": 69.662,
        })
    }
}

fn letters(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| rng.alphanumeric()).collect()
}
