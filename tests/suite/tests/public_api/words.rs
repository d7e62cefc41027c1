//! Types, bounds and signatures of rustdoc's JSON in Rust syntax. An unknown form is shown as its JSON, so that a new
//! version of the format only costs readability.

use serde_json::Value;

fn list<'a>(values: &'a Value, word: impl Fn(&'a Value) -> String, between: &str) -> String {
    let words = values.as_array().into_iter().flatten().map(word);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(between)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A type.
pub(crate) fn ty(of: &Value) -> String {
    let Some((kind, inner)) = of.as_object().and_then(|of| of.iter().next()) else {
        return of.to_string();
    };
    match kind.as_str() {
        "resolved_path" => path(inner),
        "generic" | "primitive" => text(inner).to_owned(),
        "tuple" => format!("({})", list(inner, ty, ", ")),
        "slice" => format!("[{}]", ty(inner)),
        "array" => format!("[{}; {}]", ty(&inner["type"]), text(&inner["len"])),
        "borrowed_ref" => {
            let lifetime = inner["lifetime"].as_str().map(|name| format!("{name} "));
            let mutable = if inner["is_mutable"] == true { "mut " } else { "" };
            format!("&{}{mutable}{}", lifetime.unwrap_or_default(), ty(&inner["type"]))
        }
        "impl_trait" => format!("impl{}", bounds(inner, " ")),
        "dyn_trait" => {
            let traits = list(&inner["traits"], |of| path(&of["trait"]), " + ");
            let lifetime = inner["lifetime"].as_str().map(|name| format!(" + {name}"));
            format!("dyn {traits}{}", lifetime.unwrap_or_default())
        }
        "qualified_path" => {
            let (of, name) = (ty(&inner["self_type"]), text(&inner["name"]));
            match path(&inner["trait"]) {
                none if none.is_empty() => format!("{of}::{name}"),
                through => format!("<{of} as {through}>::{name}"),
            }
        }
        "function_pointer" => signature(&inner["sig"], "fn"),
        _ => of.to_string(),
    }
}

/// A path with its arguments; an empty text for null.
pub(crate) fn path(of: &Value) -> String {
    if of.is_null() {
        return String::new();
    }
    // The last segment: the path of a type is listed with the type itself.
    let name = text(&of["path"]).rsplit("::").next().unwrap_or_default();
    format!("{name}{}", arguments(&of["args"]))
}

fn arguments(args: &Value) -> String {
    if let Some(through) = args.get("parenthesized") {
        let inputs = list(&through["inputs"], ty, ", ");
        let output = if through["output"].is_null() {
            String::new()
        } else {
            format!(" -> {}", ty(&through["output"]))
        };
        return format!("({inputs}){output}");
    }
    let Some(angled) = args.get("angle_bracketed") else { return String::new() };
    let argument = |arg: &Value| match arg.as_object().and_then(|arg| arg.iter().next()) {
        Some((kind, inner)) if kind == "type" => ty(inner),
        Some((kind, inner)) if kind == "lifetime" => text(inner).to_owned(),
        Some((kind, inner)) if kind == "const" => text(&inner["expr"]).to_owned(),
        _ => arg.to_string(),
    };
    let constraint = |of: &Value| {
        let name = text(&of["name"]);
        let binding = &of["binding"];
        match binding.get("equality").and_then(|to| to.get("type")) {
            Some(to) => format!("{name} = {}", ty(to)),
            None => format!("{name}{}", bounds(&binding["constraint"], ": ")),
        }
    };
    let parts =
        [list(&angled["args"], argument, ", "), list(&angled["constraints"], constraint, ", ")];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) }
}

/// Bounds, with a prefix before the first; an empty text without bounds.
pub(crate) fn bounds(of: &Value, lead: &str) -> String {
    let bound = |of: &Value| {
        if let Some(through) = of.get("trait_bound") {
            let maybe = if through["modifier"] == "maybe" { "?" } else { "" };
            return format!("{maybe}{}", path(&through["trait"]));
        }
        match of.get("outlives") {
            Some(lifetime) => text(lifetime).to_owned(),
            None => of.to_string(),
        }
    };
    match list(of, bound, " + ") {
        none if none.is_empty() => none,
        bounds => format!("{lead}{bounds}"),
    }
}

/// `<'a, T: Bound>`, without the implicit parameters of `impl Trait` arguments.
pub(crate) fn generics(of: &Value) -> String {
    let parameter = |of: &Value| {
        let (name, kind) = (text(&of["name"]), &of["kind"]);
        match kind.get("type") {
            Some(inner) if inner["is_synthetic"] == true => String::new(),
            Some(inner) => format!("{name}{}", bounds(&inner["bounds"], ": ")),
            None => name.to_owned(),
        }
    };
    match list(&of["params"], parameter, ", ") {
        none if none.is_empty() => none,
        parameters => format!("<{parameters}>"),
    }
}

/// ` where T: Bound`.
pub(crate) fn where_clause(of: &Value) -> String {
    let predicate = |of: &Value| {
        if let Some(bound) = of.get("bound_predicate") {
            return format!("{}{}", ty(&bound["type"]), bounds(&bound["bounds"], ": "));
        }
        match of.get("lifetime_predicate") {
            Some(longer) => {
                let outlived = list(&longer["outlives"], |of| text(of).to_owned(), " + ");
                format!("{}: {outlived}", text(&longer["lifetime"]))
            }
            None => of.to_string(),
        }
    };
    match list(&of["where_predicates"], predicate, ", ") {
        none if none.is_empty() => none,
        predicates => format!(" where {predicates}"),
    }
}

/// `async fn name<T>(self, input: T) -> Output where …`.
pub(crate) fn function(of: &Value, name: &str) -> String {
    let header = &of["header"];
    let words = [("is_const", "const "), ("is_async", "async "), ("is_unsafe", "unsafe ")];
    let words: String =
        words.iter().filter(|(key, _)| header[*key] == true).map(|(_, word)| *word).collect();
    let named = format!("{words}fn {name}{}", generics(&of["generics"]));
    format!("{}{}", signature(&of["sig"], &named), where_clause(&of["generics"]))
}

fn signature(sig: &Value, named: &str) -> String {
    let input = |input: &Value| {
        let (name, of) = (text(&input[0]), ty(&input[1]));
        match (name, of.as_str()) {
            ("self", "Self") => "self".to_owned(),
            ("self", "&Self") => "&self".to_owned(),
            ("self", "&mut Self") => "&mut self".to_owned(),
            _ => format!("{name}: {of}"),
        }
    };
    let inputs = list(&sig["inputs"], input, ", ");
    match &sig["output"] {
        Value::Null => format!("{named}({inputs})"),
        output => format!("{named}({inputs}) -> {}", ty(output)),
    }
}
