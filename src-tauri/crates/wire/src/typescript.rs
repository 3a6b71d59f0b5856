//! Writes the TypeScript of the bridge: `types.ts` and `calls.ts` under `ui/src/wire/generated`.

use std::fmt::Write as _;
use std::path::PathBuf;

use ts_rs::TS;

use crate::calls::table;

/// Where the generated files live, in this repository.
fn generated_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/wire/generated")
}

/// The text of `calls.ts`: one typed wrapper for each call.
fn render() -> String {
    let mut names: Vec<String> = Vec::new();
    let mut body = String::new();
    for (doc, name, args, answer) in table() {
        for part in [&args, &answer] {
            let base = part.strip_prefix("Array<").and_then(|p| p.strip_suffix('>')).unwrap_or(part);
            let base = base.strip_suffix(" | null").unwrap_or(base);
            names.push(base.to_owned());
        }
        let call = camel(name);
        let _ = writeln!(body, "\n  /** {doc} */");
        let _ = if args == "Nothing" {
            writeln!(body, "  {call}: (): Promise<{answer}> => call('{name}', {{}}) as Promise<{answer}>,")
        } else {
            writeln!(body, "  {call}: (args: {args}): Promise<{answer}> => call('{name}', args) as Promise<{answer}>,")
        };
    }
    names.sort();
    names.dedup();
    let types = names.join(",\n  ");
    format!(
        "// Generated from src-tauri/crates/wire by `cargo test -p wire`. Do not edit.\nimport type {{\n  {types},\n}} from './types';\n\n/** Sends one call to the core. */\nexport type Call = (name: string, args: unknown) => Promise<unknown>;\n\n/** Every call of the core, typed. */\nexport const calls = (call: Call) => ({{{body}}});\n\n/** The typed calls. */\nexport type Calls = ReturnType<typeof calls>;\n"
    )
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut letters = part.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

/// The text of `types.ts`: every type that a call or the watch names, in a stable order.
fn render_types() -> String {
    let config = ts_rs::Config::default();
    let mut found = std::collections::BTreeMap::new();
    crate::calls::visit(&mut Collector { config: &config, found: &mut found });
    let mut text = String::from("// Generated from src-tauri/crates/wire by `cargo test -p wire`. Do not edit.\n");
    for declaration in found.values() {
        text.push('\n');
        text.push_str(declaration);
    }
    text
}

struct Collector<'a> {
    config: &'a ts_rs::Config,
    found: &'a mut std::collections::BTreeMap<String, String>,
}

impl ts_rs::TypeVisitor for Collector<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of this crate are exported; the rest (strings, lists) are TypeScript's own.
        if T::output_path().is_some() {
            let name = T::ident(self.config);
            if self.found.contains_key(&name) {
                return;
            }
            let docs = T::docs().unwrap_or_default();
            self.found.insert(name, format!("{docs}export {}\n", T::decl(self.config)));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed bindings are those of this code. `NETLOFT_BLESS=1 cargo test -p wire` writes them.
    #[test]
    fn bindings_are_fresh() {
        for (file, text) in [("calls.ts", render()), ("types.ts", render_types())] {
            let path = generated_dir().join(file);
            if std::env::var_os("NETLOFT_BLESS").is_some() {
                std::fs::create_dir_all(generated_dir()).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == text, "{file} is stale: run NETLOFT_BLESS=1 cargo test -p wire");
        }
    }
}
