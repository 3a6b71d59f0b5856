//! WasmPlugin and TrafficExtension. Upstream: ValidateWasmPlugin, ValidateTrafficExtension.

use std::collections::BTreeSet;

use world::said;

use super::{Flaws, names, selector};
use crate::read::field::Field;

pub(super) fn wasm_plugin(spec: &Field, flaws: &mut Flaws) {
    selector::attachment(spec, flaws);
    module(spec, flaws);
    ports(spec, flaws);
}

pub(super) fn traffic_extension(spec: &Field, flaws: &mut Flaws) {
    let (wasm, lua) = (spec.get("wasm"), spec.get("lua"));
    flaws.never(
        wasm.is_set() == lua.is_set(),
        spec,
        ("either wasm or lua must be there", "wasm 和 lua 必须写一个，且只能写一个"),
    );
    selector::attachment(spec, flaws);
    if lua.is_set() {
        let size = lua.text("inlineCode").len();
        flaws.never(
            size == 0 || size > 65536,
            &lua.get("inlineCode"),
            ("the code has between 1 byte and 64 KiB", "代码长度应在 1 字节到 64 KiB 之间"),
        );
    }
    if wasm.is_set() {
        module(&wasm, flaws);
    }
    ports(spec, flaws);
}

fn ports(spec: &Field, flaws: &mut Flaws) {
    for port in spec.items("match").iter().flat_map(|m| m.items("ports")) {
        flaws.hold(&port, names::port(port.number("number")));
    }
}

fn module(of: &Field, flaws: &mut Flaws) {
    let url = of.get("url");
    let scheme = url.as_text().split_once("://").map_or("", |(scheme, _)| scheme);
    let known = matches!(scheme, "" | "file" | "http" | "https" | "oci");
    flaws.never(url.as_text().is_empty(), &url, ("the address of the module is missing", "缺少模块的地址"));
    flaws.hold(&url, (!known).then(|| said!("modules are not fetched by {scheme}", "不能通过 {scheme} 获取模块")));
    let sum = of.get("sha256");
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let good = sum.as_text().is_empty() || (sum.as_text().len() == 64 && sum.as_text().bytes().all(hex));
    flaws.never(!good, &sum, ("a checksum has 64 digits 0-9 and a-f", "校验和由 64 位 0-9 和 a-f 组成"));
    let long = of.text("imagePullSecret").len() > 253;
    flaws.never(long, &of.get("imagePullSecret"), ("the name is longer than 253 letters", "名称超过 253 个字符"));
    flaws.never(
        of.text("pluginName").len() > 256,
        &of.get("pluginName"),
        ("the name is longer than 256 letters", "名称超过 256 个字符"),
    );
    let mut seen = BTreeSet::new();
    for variable in of.get("vmConfig").items("env") {
        let name = variable.text("name");
        let wrong = name.is_empty() || name.len() > 256 || !seen.insert(name);
        flaws.never(wrong, &variable, ("a variable needs a name of its own", "每个变量都需要自己的名称"));
        let host = !matches!(variable.text("valueFrom"), "" | "INLINE") && !variable.text("value").is_empty();
        flaws.never(
            host,
            &variable,
            ("the value comes from the host, so none is given here", "该值来自宿主环境，此处不能再写"),
        );
    }
}
