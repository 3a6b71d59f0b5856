//! `http[]` of a VirtualService. Upstream: pkg/config/validation/virtualservice.go; validateHTTPRedirect, validateHTTPRetry …

use world::said;

use super::names::{self, Wrong};
use super::virtual_service::{destination, gateway_names, weighted};
use super::{Flaws, headers};
use crate::read::field::Field;

pub(super) fn check(route: &Field, delegate: bool, flaws: &mut Flaws) {
    conflicts(route, delegate, flaws);
    for found in route.items("match") {
        check_match(&found, flaws);
    }
    headers::check(&route.get("headers"), flaws);
    cors(&route.get("corsPolicy"), flaws);
    fault(&route.get("fault"), flaws);
    mirrors(route, flaws);
    redirect(route, flaws);
    direct_response(&route.get("directResponse"), flaws);
    retries(&route.get("retries"), flaws);
    rewrite(route, flaws);
    let targets = route.items("route");
    for target in &targets {
        headers::check(&target.get("headers"), flaws);
    }
    weighted(&targets, &route.get("route"), flaws);
    flaws.duration(route, "timeout");
}

/// What excludes what. Upstream: validateHTTPRouteConflict.
fn conflicts(route: &Field, delegate: bool, flaws: &mut Flaws) {
    let targets = !route.items("route").is_empty();
    let has = |name: &str| if name == "route" { targets } else { route.has(name) };
    let mut exclude = |name: &str, others: &[&str]| {
        for other in others.iter().filter(|other| has(name) && has(other)) {
            flaws.error(
                &route.get(other),
                said!("{name} and {other} exclude each other", "{name} 与 {other} 不能同时使用"),
            );
        }
    };
    if has("delegate") && !delegate {
        exclude("delegate", &["redirect", "route"]);
        return;
    }
    if has("redirect") {
        exclude("redirect", &["route", "fault", "rewrite", "directResponse"]);
    } else {
        exclude("directResponse", &["route", "fault", "rewrite"]);
    }
    let many = has("mirror") && !route.items("mirrors").is_empty();
    flaws.never(
        many,
        &route.get("mirrors"),
        ("mirror and mirrors exclude each other", "mirror 与 mirrors 不能同时使用"),
    );
    flaws.never(
        delegate && has("delegate"),
        &route.get("delegate"),
        ("a delegate has no delegates of its own", "被委托的路由不能再委托"),
    );
    let nothing = !has("redirect") && !has("directResponse") && !targets;
    flaws.never(
        nothing,
        route,
        (
            "the rule says neither where requests go nor what is answered",
            "规则既没有说明请求发往哪里，也没有说明如何应答",
        ),
    );
}

fn check_match(found: &Field, flaws: &mut Flaws) {
    for (name, field) in found.entries("headers") {
        flaws.never(!field.is_set(), &field, ("the match of the header is null", "该请求头的匹配条件为 null"));
        flaws.hold(&field, matched_header(name).or_else(|| string_match(&field, false)));
    }
    for (name, field) in found.entries("withoutHeaders") {
        flaws.hold(&field, matched_header(name));
        flaws.hold(&field, string_match(&field, false).filter(|_| field.text("regex") != "*"));
    }
    flaws.hold(&found.get("uri"), string_match(&found.get("uri"), true));
    for name in ["scheme", "method", "authority"] {
        flaws.hold(&found.get(name), string_match(&found.get(name), false));
    }
    for (_, field) in found.entries("queryParams") {
        flaws.hold(&field, string_match(&field, false));
    }
    if found.number("port") != 0.0 {
        flaws.hold(&found.get("port"), names::port(found.number("port")));
    }
    flaws.labels(found, "sourceLabels");
    gateway_names(found, flaws);
    let namespace = found.get("sourceNamespace");
    flaws.hold(&namespace, names::label(namespace.as_text()).filter(|_| !namespace.as_text().is_empty()));
}

fn matched_header(name: &str) -> Wrong {
    let pseudo = matches!(name, ":method" | ":scheme" | ":authority" | ":path" | ":status");
    if pseudo || names::is_claim(name) { None } else { names::header_name(name, false) }
}

/// An empty prefix is for paths alone.
fn string_match(of: &Field, path: bool) -> Wrong {
    if of.has("regex") {
        return names::regex(of.text("regex"));
    }
    (!path && of.has("prefix") && of.text("prefix").is_empty()).then(|| ("the prefix is empty", "prefix 为空").into())
}

fn cors(cors: &Field, flaws: &mut Flaws) {
    for origin in cors.items("allowOrigins") {
        let given = ["exact", "prefix", "regex"].iter().any(|name| !origin.text(name).is_empty());
        flaws.never(!given, &origin, ("the origin says nothing", "origin 没有任何内容"));
        flaws.hold(&origin, names::regex(origin.text("regex")).filter(|_| given && origin.has("regex")));
    }
    const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];
    for method in cors.items("allowMethods") {
        flaws.hold(
            &method,
            (!METHODS.contains(&method.as_text()))
                .then(|| said!("there is no method {}", "没有 {} 这个方法", method.as_text())),
        );
    }
    for header in cors.items("allowHeaders").into_iter().chain(cors.items("exposeHeaders")) {
        flaws.hold(&header, names::header_name(header.as_text(), false).filter(|_| header.as_text() != "*"));
    }
    flaws.duration(cors, "maxAge");
    let fine = names::nanoseconds(cors.text("maxAge")).is_some_and(|n| n % 1e9 != 0.0);
    flaws.never(fine, &cors.get("maxAge"), ("maxAge is in whole seconds", "maxAge 应为整秒"));
}

fn percentage(of: &Field, flaws: &mut Flaws) {
    let percentage = of.get("percentage");
    let value = percentage.number("value");
    let wrong = !(0.0..=100.0).contains(&value) || (value > 0.0 && value < 0.0001);
    flaws.never(
        wrong,
        &percentage,
        ("a percentage is 0, or lies between 0.0001 and 100", "百分比应为 0，或在 0.0001 到 100 之间"),
    );
}

const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn fault(fault: &Field, flaws: &mut Flaws) {
    let (abort, delay) = (fault.get("abort"), fault.get("delay"));
    flaws.never(
        fault.is_set() && !abort.is_set() && !delay.is_set(),
        fault,
        ("the fault says nothing", "fault 没有任何内容"),
    );
    if abort.is_set() {
        percentage(&abort, flaws);
        let grpc = abort.get("grpcStatus");
        flaws.hold(
            &grpc,
            (grpc.is_set() && !GRPC.contains(&grpc.as_text()))
                .then(|| said!("there is no gRPC status {}", "没有 {} 这个 gRPC 状态", grpc.as_text())),
        );
        flaws.never(
            abort.has("http2Error"),
            &abort.get("http2Error"),
            ("http2Error is not supported", "不支持 http2Error"),
        );
        if abort.has("httpStatus") {
            flaws.hold(&abort.get("httpStatus"), status(abort.number("httpStatus")));
        }
        if !["grpcStatus", "httpStatus", "http2Error"].iter().any(|name| abort.has(name)) {
            flaws.warn(&abort, ("nothing says with which status requests are aborted", "没有说明以什么状态码中止请求"));
        }
    }
    if delay.is_set() {
        percentage(&delay, flaws);
        flaws.duration(&delay, "fixedDelay");
        let exponential = delay.get("exponentialDelay");
        flaws.never(
            exponential.is_set(),
            &exponential,
            ("exponentialDelay is not supported", "不支持 exponentialDelay"),
        );
    }
}

fn status(status: f64) -> Wrong {
    (!(200.0..=600.0).contains(&status)).then(|| said!("{status} is no status of HTTP", "{status} 不是 HTTP 状态码"))
}

fn mirrors(route: &Field, flaws: &mut Flaws) {
    if route.has("mirrorPercent") {
        let at = route.get("mirrorPercent");
        flaws.never(route.number("mirrorPercent") > 100.0, &at, ("a percentage is at most 100", "百分比最大为 100"));
        flaws
            .warn(&at, ("mirrorPercent is old; write mirrorPercentage", "mirrorPercent 已过时；请写 mirrorPercentage"));
    }
    let share = |of: &Field, name: &str, flaws: &mut Flaws| {
        let wrong = !(0.0..=100.0).contains(&of.get(name).number("value"));
        flaws.never(wrong, &of.get(name), ("a percentage lies between 0 and 100", "百分比应在 0 到 100 之间"));
    };
    share(route, "mirrorPercentage", flaws);
    destination(&route.get("mirror"), flaws);
    for mirror in route.items("mirrors") {
        flaws.never(!mirror.has("destination"), &mirror, ("the destination is missing", "缺少 destination"));
        destination(&mirror.get("destination"), flaws);
        share(&mirror, "percentage", flaws);
    }
}

fn redirect(route: &Field, flaws: &mut Flaws) {
    let redirect = route.get("redirect");
    if !redirect.is_set() {
        return;
    }
    let (uri, prefix) = (redirect.text("uri"), redirect.text("prefixRewrite"));
    let both = !uri.is_empty() && !prefix.is_empty();
    flaws.never(both, &redirect, ("uri and prefixRewrite exclude each other", "uri 与 prefixRewrite 不能同时使用"));
    let matches = route.items("match");
    let other = matches.iter().any(|m| m.has("uri") && !m.get("uri").has("prefix"));
    flaws.never(
        !prefix.is_empty() && other,
        &redirect.get("prefixRewrite"),
        ("prefixRewrite needs matches by prefix", "prefixRewrite 需要按 prefix 匹配"),
    );
    let text = ["uri", "prefixRewrite", "authority", "scheme"].iter().any(|name| !redirect.text(name).is_empty());
    let port = redirect.has("port") || redirect.has("derivePort");
    flaws.never(!text && !port, &redirect, ("the redirect says nothing", "redirect 没有任何内容"));
    let code = redirect.number("redirectCode");
    flaws.never(
        code != 0.0 && !(300.0..=399.0).contains(&code),
        &redirect.get("redirectCode"),
        ("the code of a redirect is 3xx", "重定向的状态码应为 3xx"),
    );
    let known = matches!(redirect.text("scheme"), "" | "http" | "https");
    flaws.never(!known, &redirect.get("scheme"), ("the scheme is http or https", "scheme 应为 http 或 https"));
    flaws.never(redirect.number("port") > 65535.0, &redirect.get("port"), ("it is no port", "这不是端口"));
}

fn direct_response(response: &Field, flaws: &mut Flaws) {
    if response.is_set() {
        let body = response.get("body");
        let size = body.text("string").len().max(body.text("bytes").len() / 4 * 3);
        if size > 1 << 20 {
            flaws.error(&body, ("the body is larger than a mebibyte", "正文超过 1 MiB"));
        } else if size > 100 << 10 {
            flaws.warn(&body, ("a body of more than 100 KiB makes istiod slow", "超过 100 KiB 的正文会拖慢 istiod"));
        }
        flaws.hold(&response.get("status"), status(response.number("status")));
    }
}

fn retries(retries: &Field, flaws: &mut Flaws) {
    const WORDS: [&str; 16] = [
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    ];
    let attempts = retries.number("attempts");
    flaws.never(attempts < 0.0, &retries.get("attempts"), ("it is negative", "不能为负数"));
    let on = retries.get("retryOn");
    let more = retries.has("perTryTimeout") || retries.has("retryRemoteLocalities") || !on.as_text().is_empty();
    flaws.never(
        attempts == 0.0 && more,
        retries,
        ("attempts is 0, so nothing is retried", "attempts 为 0，因此不会重试"),
    );
    flaws.duration(retries, "perTryTimeout");
    flaws.duration(retries, "backoff");
    for word in on.as_text().split(',').filter(|_| !on.as_text().is_empty()) {
        let known = WORDS.contains(&word) || word.parse::<u16>().is_ok_and(is_http_status);
        flaws.hold(&on, (!known).then(|| said!("'{word}' is no reason to retry", "“{word}”不是重试条件")));
    }
}

/// Statuses that have a name. Upstream: Go's net/http, StatusText.
fn is_http_status(code: u16) -> bool {
    matches!(code, 100..=103 | 200..=208 | 226 | 300..=305 | 307..=308 | 400..=418 | 421..=426 | 428..=429 | 431 | 451 | 500..=508 | 510..=511)
}

fn rewrite(route: &Field, flaws: &mut Flaws) {
    let rewrite = route.get("rewrite");
    let (uri, regex, authority) = (rewrite.text("uri"), rewrite.get("uriRegexRewrite"), rewrite.text("authority"));
    flaws.never(
        !uri.is_empty() && regex.is_set(),
        &rewrite,
        ("uri and uriRegexRewrite exclude each other", "uri 与 uriRegexRewrite 不能同时使用"),
    );
    let nothing = uri.is_empty() && !regex.is_set() && authority.is_empty();
    flaws.never(rewrite.is_set() && nothing, &rewrite, ("the rewrite says nothing", "rewrite 没有任何内容"));
    if regex.is_set() {
        let half = regex.text("match").is_empty() || regex.text("rewrite").is_empty();
        flaws.never(half, &regex, ("match and rewrite must both be there", "match 和 rewrite 必须都写"));
        flaws.hold(&regex.get("match"), names::regex(regex.text("match")).filter(|_| !half));
    }
    let request = route.at("headers.request");
    let is_authority = |name: &str| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority");
    let set = request.entries("set").into_iter().chain(request.entries("add")).filter(|(name, _)| is_authority(name));
    let own = usize::from(!authority.is_empty());
    for (_, field) in set.skip(1 - own) {
        flaws.error(&field, ("the authority is set more than once", "authority 设置了不止一次"));
    }
}
