//! Every code of Kiali has a rule of ours, or a reason why it has none.

#![allow(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

/// Of kiali/kiali models/istio_validation.go, and the two that its comments and documentation still name.
const KIALI: [&str; 74] = [
    "KIA0001", "KIA0002", "KIA0003", "KIA0004", "KIA0005", "KIA0101", "KIA0102", "KIA0104", "KIA0105", "KIA0106",
    "KIA0107", "KIA0108", "KIA0109", "KIA0110", "KIA0201", "KIA0202", "KIA0203", "KIA0204", "KIA0205", "KIA0206",
    "KIA0207", "KIA0208", "KIA0209", "KIA0210", "KIA0211", "KIA0212", "KIA0301", "KIA0302", "KIA0401", "KIA0501",
    "KIA0505", "KIA0506", "KIA0601", "KIA0602", "KIA0701", "KIA1004", "KIA1006", "KIA1007", "KIA1101", "KIA1102",
    "KIA1104", "KIA1105", "KIA1106", "KIA1107", "KIA1108", "KIA1109", "KIA1110", "KIA1111", "KIA1112", "KIA1113",
    "KIA1114", "KIA1115", "KIA1116", "KIA1117", "KIA1201", "KIA1211", "KIA1212", "KIA1301", "KIA1311", "KIA1312",
    "KIA1313", "KIA1314", "KIA1315", "KIA1316", "KIA1317", "KIA1401", "KIA1402", "KIA1501", "KIA1502", "KIA1503",
    "KIA1504", "KIA1601", "KIA1701", "KIA1702",
];

#[test]
fn every_code_of_kiali_has_a_rule_or_a_reason() {
    let engine = meshes::engine();
    for code in KIALI {
        let rules = engine.rules().filter(|rule| rule.aliases.contains(&code)).count();
        let reasons = engine.foreign().filter(|foreign| foreign.code == code).count();
        assert!((rules > 0) != (reasons == 1), "{code}: {rules} rules, {reasons} reasons");
    }
    let unknown: Vec<_> = engine
        .rules()
        .flat_map(|rule| rule.aliases.iter().copied())
        .filter(|code| code.starts_with("KIA") && !KIALI.contains(code))
        .collect();
    assert!(unknown.is_empty(), "codes that Kiali does not have: {unknown:?}");
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let mut names: Vec<_> = meshes::engine().rules().map(|rule| rule.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count > 100, "{count} rules");
}
