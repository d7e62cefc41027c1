//! The items of a crate, from the root down, one per line.

use std::collections::BTreeSet;

use serde_json::Value;

use super::words::{bounds, function, generics, path, ty, where_clause};

/// The public items of a crate.
#[derive(Debug, Default)]
pub(crate) struct Face {
    /// One line per item.
    pub(crate) lines: BTreeSet<String>,
    /// The structs and enums.
    pub(crate) types: BTreeSet<String>,
    /// `Send` and `Sync`, each with an implementing type.
    pub(crate) auto: BTreeSet<(String, String)>,
}

impl Face {
    /// Reads the JSON of rustdoc.
    pub(crate) fn read(json: &Value) -> Self {
        let mut walk = Walk { json, face: Face::default(), seen: BTreeSet::new() };
        let root = json["root"].to_string();
        walk.module(&root, "turnwire");
        walk.face
    }
}

struct Walk<'a> {
    json: &'a Value,
    face: Face,
    seen: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn item(&self, id: &str) -> Option<&'a Value> {
        self.json["index"].get(id)
    }

    fn line(&mut self, line: String) {
        self.face.lines.insert(line);
    }

    fn children(&self, items: &'a Value) -> Vec<(String, &'a Value)> {
        let ids = items.as_array().into_iter().flatten().map(Value::to_string);
        ids.filter_map(|id| Some((id.clone(), self.item(&id)?))).collect()
    }

    /// The items of a module: its own first, so that re-exports of the root are listed in their room.
    fn module(&mut self, id: &str, name: &str) {
        let Some(module) = self.item(id) else { return };
        let children = self.children(&module["inner"]["module"]["items"]);
        let (uses, own): (Vec<_>, Vec<_>) =
            children.into_iter().partition(|(_, item)| item["inner"].get("use").is_some());
        for (id, item) in own {
            self.named(&id, item, name);
        }
        for (_, item) in uses {
            self.reexport(&item["inner"]["use"], name);
        }
    }

    fn reexport(&mut self, used: &'a Value, module: &str) {
        let name = used["name"].as_str().unwrap_or_default();
        let id = used["id"].to_string();
        match self.item(&id) {
            Some(item) if !self.seen.contains(&id) => self.item_as(&id, item, module, name),
            _ => {
                let source = used["source"].as_str().unwrap_or_default();
                self.line(format!("pub use {module}::{name} = {source}"));
            }
        }
    }

    fn named(&mut self, id: &str, item: &'a Value, module: &str) {
        if item["visibility"] == "public" {
            self.item_as(id, item, module, item["name"].as_str().unwrap_or_default());
        }
    }

    fn item_as(&mut self, id: &str, item: &'a Value, module: &str, name: &str) {
        self.seen.insert(id.to_owned());
        let full = format!("{module}::{name}");
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next())
        else {
            return;
        };
        let mark = marks(item);
        match kind.as_str() {
            "module" => {
                self.line(format!("pub mod {full}"));
                self.module(id, &full);
            }
            "struct" => {
                self.line(format!("{mark}pub struct {full}{}", generics(&inner["generics"])));
                self.fields(&inner["kind"], &full);
                self.impls(inner, &full);
            }
            "enum" => {
                self.line(format!("{mark}pub enum {full}{}", generics(&inner["generics"])));
                for (_, variant) in self.children(&inner["variants"]) {
                    self.variant(variant, &full);
                }
                self.impls(inner, &full);
            }
            "trait" => {
                let bounds = bounds(&inner["bounds"], ": ");
                self.line(format!("pub trait {full}{}{bounds}", generics(&inner["generics"])));
                for (_, item) in self.children(&inner["items"]) {
                    self.member(item, &full);
                }
            }
            "function" => self.line(format!("pub {}", function(inner, &full))),
            "type_alias" => {
                let (generics, to) = (generics(&inner["generics"]), ty(&inner["type"]));
                self.line(format!("pub type {full}{generics} = {to}"));
            }
            "constant" => self.line(format!("pub const {full}: {}", ty(&inner["type"]))),
            _ => self.line(format!("pub {kind} {full}")),
        }
    }

    fn fields(&mut self, kind: &'a Value, full: &str) {
        let plain = kind.get("plain").map(|plain| &plain["fields"]);
        let Some(fields) = plain.or_else(|| kind.get("tuple")) else { return };
        for (_, field) in self.children(fields) {
            if field["visibility"] == "public" || field["visibility"] == "default" {
                let name = field["name"].as_str().unwrap_or_default();
                self.line(format!("pub {full}::{name}: {}", ty(&field["inner"]["struct_field"])));
            }
        }
    }

    fn variant(&mut self, variant: &'a Value, full: &str) {
        let name = format!("{full}::{}", variant["name"].as_str().unwrap_or_default());
        let kind = &variant["inner"]["variant"]["kind"];
        let tuple = kind.get("tuple").map(|fields| {
            let fields = self.children(fields);
            let types: Vec<String> =
                fields.iter().map(|(_, field)| ty(&field["inner"]["struct_field"])).collect();
            format!("({})", types.join(", "))
        });
        self.line(format!("{}pub {name}{}", marks(variant), tuple.unwrap_or_default()));
        if let Some(fields) = kind.get("struct").map(|fields| &fields["fields"]) {
            for (_, field) in self.children(fields) {
                let field_name = field["name"].as_str().unwrap_or_default();
                let is = ty(&field["inner"]["struct_field"]);
                self.line(format!("pub {name}::{field_name}: {is}"));
            }
        }
    }

    fn impls(&mut self, inner: &'a Value, full: &str) {
        self.face.types.insert(full.to_owned());
        for (_, found) in self.children(&inner["impls"]) {
            let found = &found["inner"]["impl"];
            if !found["blanket_impl"].is_null() {
                continue;
            }
            let of = path(&found["trait"]);
            if found["is_synthetic"] == true {
                if found["is_negative"] != true && matches!(of.as_str(), "Send" | "Sync") {
                    self.face.auto.insert((of, full.to_owned()));
                }
                continue;
            }
            if found["trait"].is_null() {
                for (_, item) in self.children(&found["items"]) {
                    if item["visibility"] == "public" {
                        self.member(item, full);
                    }
                }
                continue;
            }
            let generics = generics(&found["generics"]);
            let (to, limits) = (ty(&found["for"]), where_clause(&found["generics"]));
            self.line(format!("impl{generics} {of} for {to}{limits} // {full}"));
        }
    }

    fn member(&mut self, item: &'a Value, full: &str) {
        let name = format!("{full}::{}", item["name"].as_str().unwrap_or_default());
        let inner = &item["inner"];
        if let Some(found) = inner.get("function") {
            let provided = if found["has_body"] == true { "" } else { " // required" };
            self.line(format!("pub {}{provided}", function(found, &name)));
        } else if let Some(found) = inner.get("assoc_type") {
            self.line(format!("pub type {name}{}", bounds(&found["bounds"], ": ")));
        } else if let Some(found) = inner.get("assoc_const") {
            self.line(format!("pub const {name}: {}", ty(&found["type"])));
        }
    }
}

/// `#[non_exhaustive]` and `#[must_use]`, which are part of the API.
fn marks(item: &Value) -> String {
    let attributes = item["attrs"].to_string();
    ["non_exhaustive", "must_use"]
        .iter()
        .filter(|mark| attributes.contains(*mark))
        .map(|mark| format!("#[{mark}] "))
        .collect()
}
