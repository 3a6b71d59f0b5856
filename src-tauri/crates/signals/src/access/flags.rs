//! Envoy's response flags in words. Upstream: envoy source/common/stream_info/utility.cc (`CORE_RESPONSE_FLAGS`) and the documentation of
//! `%RESPONSE_FLAGS%`.

/// A flag and what it says, in English and Chinese.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// As Envoy writes it.
    pub code: &'static str,
    /// In English.
    pub what: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

const fn of(code: &'static str, what: &'static str, zh: &'static str) -> Flag {
    Flag { code, what, zh }
}

/// Every flag.
pub const FLAGS: [Flag; 30] = [
    of("UH", "no healthy instance was there", "没有健康的实例"),
    of("UF", "the connection to the instance failed", "与实例建立连接失败"),
    of("UO", "a limit on connections or requests was reached (circuit breaking)", "达到连接或请求上限（熔断）"),
    of("NR", "no route fits the request", "没有匹配的路由"),
    of("URX", "all retries, or connection attempts, were used up", "重试或连接次数已用尽"),
    of("NC", "the route names a cluster that does not exist", "路由指向的集群不存在"),
    of("DT", "it took longer than a request or connection may", "超过请求或连接的最长时间"),
    of("DC", "the caller went away", "调用方断开连接"),
    of("LH", "its own health check failed", "本地健康检查失败"),
    of("UT", "the instance did not answer in time", "实例未在期限内应答"),
    of("LR", "the proxy reset the connection", "代理重置了连接"),
    of("UR", "the instance reset the connection", "实例重置了连接"),
    of("UC", "the instance closed the connection", "实例关闭了连接"),
    of("DI", "it was delayed on purpose (fault injection)", "被故意延迟（故障注入）"),
    of("FI", "it was aborted on purpose (fault injection)", "被故意中止（故障注入）"),
    of("RL", "a rate limit refused it", "被限流拒绝"),
    of("UAEX", "the external authorization service refused it", "被外部授权服务拒绝"),
    of("RLSE", "the rate limit service failed", "限流服务出错"),
    of("IH", "a header that Envoy relies on is wrong", "Envoy 所依赖的请求头有误"),
    of("SI", "nothing moved for too long", "长时间没有数据"),
    of("DPE", "the caller broke the protocol", "调用方违反协议"),
    of("UPE", "the instance broke the protocol", "实例违反协议"),
    of("UMSDR", "it took longer than a stream may at the instance", "超过上游流的最长时间"),
    of("RFCF", "the answer came from a cache", "应答来自缓存"),
    of("NFCF", "a filter’s configuration has not come yet", "某过滤器的配置尚未到达"),
    of("OM", "the proxy was overloaded", "代理过载"),
    of("DF", "the name did not resolve", "域名解析失败"),
    of("DO", "it was dropped to shed load", "因卸载负荷而丢弃"),
    of("DR", "the caller reset the stream", "调用方重置了流"),
    of("UDO", "everything to there is dropped", "通往该处的请求全部丢弃"),
];

/// What a flag says; `None` for one that nobody here knows.
pub fn flag(code: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.code == code)
}
