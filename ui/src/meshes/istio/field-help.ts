import { locale } from '../../state/locale.svelte';

type Said = readonly [en: string, zh: string];

/** What a field is for, in our own words, by kind and by its place in the schema. */
const ROUTE: Readonly<Record<string, Said>> = {
  'spec.hosts': ['Names whose requests these rules take: a service, or a name from outside', '这些规则所处理的主机名：服务名或外部名称'],
  'spec.gateways': ['Where the rules hold: gateways by name; mesh means every sidecar', '规则生效之处：网关名；mesh 表示所有 sidecar'],
  'spec.exportTo': ['Namespaces that see it: . for its own, * for all', '可见的命名空间：. 为自身，* 为全部'],
  'spec.http': ['Rules for HTTP and gRPC, tried from top to bottom; the first that fits decides', 'HTTP 与 gRPC 规则，自上而下，第一条匹配者生效'],
  'spec.tcp': ['Rules for plain TCP, tried from top to bottom', 'TCP 规则，自上而下'],
  'spec.tls': ['Rules for TLS that is not opened, by the name asked for', '不解密的 TLS 规则，按请求的名称匹配'],
  'spec.http[].name': ['A name for the rule, shown in logs', '规则名称，出现在日志中'],
  'spec.http[].match': ['A request has to fit one of these; without any, the rule takes all', '请求须符合其中之一；没有则匹配全部'],
  'spec.http[].match[].uri': ['The path of the request', '请求路径'],
  'spec.http[].match[].headers': ['Headers by name, in lower case', '按名称匹配请求头，名称小写'],
  'spec.http[].match[].withoutHeaders': ['Headers that must not fit', '不得匹配的请求头'],
  'spec.http[].match[].method': ['The method, as GET', '方法，如 GET'],
  'spec.http[].match[].queryParams': ['Parameters behind the question mark', '问号之后的查询参数'],
  'spec.http[].match[].authority': ['The host that the request names', '请求所指的主机'],
  'spec.http[].match[].port': ['The port that was called', '被访问的端口'],
  'spec.http[].match[].sourceLabels': ['Labels of the caller’s pod', '调用方 Pod 的标签'],
  'spec.http[].match[].sourceNamespace': ['The namespace of the caller', '调用方的命名空间'],
  'spec.http[].match[].ignoreUriCase': ['The path fits in any case of letters', '路径匹配忽略大小写'],
  'spec.http[].route': ['Where requests go, shared out by weight', '请求的去向，按权重分配'],
  'spec.http[].route[].weight': ['Share of the requests; all of a rule make the whole', '请求所占份额；一条规则的各项合为整体'],
  'spec.http[].route[].destination': ['The service, and which of its versions', '目标服务及其版本'],
  'spec.http[].route[].destination.host': ['The service by name; a short name belongs to this namespace', '服务名；短名属于本命名空间'],
  'spec.http[].route[].destination.subset': ['A version that a DestinationRule names', 'DestinationRule 中定义的版本'],
  'spec.http[].route[].destination.port': ['The port, where the service has several', '端口，服务有多个端口时需要'],
  'spec.http[].route[].headers': ['Headers that are set, added or removed on this way', '经此去向时设置、添加或移除的请求头'],
  'spec.http[].timeout': ['How long a request may take in all, tries included', '请求总时限，含重试'],
  'spec.http[].retries': ['Tries again where the answer was a failure', '失败时重试'],
  'spec.http[].retries.attempts': ['How many times more; 0 for never', '额外重试次数；0 表示不重试'],
  'spec.http[].retries.perTryTimeout': ['How long one try may take', '单次尝试的时限'],
  'spec.http[].retries.retryOn': ['Which failures are tried again, with commas between', '哪些失败会重试，以逗号分隔'],
  'spec.http[].fault': ['Makes some requests slow or fail, to see what callers do', '让部分请求变慢或失败，以观察调用方'],
  'spec.http[].fault.delay': ['Makes some requests wait', '让部分请求等待'],
  'spec.http[].fault.abort': ['Answers some requests with an error', '以错误应答部分请求'],
  'spec.http[].mirror': ['Sends a copy here as well; its answer is thrown away', '另发一份副本，其应答被丢弃'],
  'spec.http[].mirrors': ['Send copies here as well; their answers are thrown away', '另发副本，其应答被丢弃'],
  'spec.http[].mirrorPercentage': ['How many in a hundred are copied', '复制的百分比'],
  'spec.http[].rewrite': ['Changes path or host before the request is sent on', '转发前修改路径或主机'],
  'spec.http[].redirect': ['Answers with another address', '以另一地址应答'],
  'spec.http[].directResponse': ['Answers by itself, without any service', '直接应答，不经任何服务'],
  'spec.http[].delegate': ['Leaves the rest to another VirtualService', '交由另一个 VirtualService 处理'],
  'spec.http[].corsPolicy': ['What browsers of other sites may do', '其他站点的浏览器可做什么'],
  'spec.http[].headers': ['Headers that are set, added or removed', '设置、添加或移除的请求头'],
};

const VERSIONS: Readonly<Record<string, Said>> = {
  'spec.host': ['The service that this is about', '所针对的服务'],
  'spec.subsets': ['Versions of the service: sets of its pods', '服务的版本：其 Pod 的分组'],
  'spec.subsets[].name': ['The name that routes use', '路由中使用的名称'],
  'spec.subsets[].labels': ['Labels that pods of the version have', '该版本 Pod 的标签'],
  'spec.subsets[].trafficPolicy': ['What differs for this version', '该版本的不同之处'],
  'spec.trafficPolicy': ['How requests are sent: balancing, limits, TLS', '发送方式：负载均衡、限额、TLS'],
  'spec.trafficPolicy.loadBalancer': ['Which pod takes the next request', '下一请求由哪个 Pod 处理'],
  'spec.trafficPolicy.loadBalancer.simple': ['The way of choosing a pod', '选择 Pod 的方式'],
  'spec.trafficPolicy.connectionPool': ['Limits for connections and requests', '连接与请求的限额'],
  'spec.trafficPolicy.outlierDetection': ['Leaves out pods that keep failing', '剔除持续出错的 Pod'],
  'spec.trafficPolicy.tls': ['TLS of the caller; left out, mutual TLS is used where it can be', '调用方的 TLS；不写则能用双向 TLS 时使用'],
  'spec.trafficPolicy.tls.mode': ['DISABLE sends plaintext, ISTIO_MUTUAL uses the mesh’s certificates', 'DISABLE 发送明文，ISTIO_MUTUAL 使用网格证书'],
  'spec.trafficPolicy.portLevelSettings': ['What differs for a port', '某个端口的不同之处'],
  'spec.workloadSelector': ['Callers that it holds for; left out, all', '对哪些调用方生效；不写则全部'],
  'spec.exportTo': ['Namespaces that see it: . for its own, * for all', '可见的命名空间：. 为自身，* 为全部'],
};

const SELECTOR: Said = ['Pods that it holds for; left out, all of the namespace', '对哪些 Pod 生效；不写则整个命名空间'];

const PEER: Readonly<Record<string, Said>> = {
  'spec.selector': SELECTOR,
  'spec.selector.matchLabels': ['Labels that a pod has to have', 'Pod 须具备的标签'],
  'spec.mtls': ['Whether callers have to use mutual TLS', '调用方是否必须使用双向 TLS'],
  'spec.mtls.mode': ['STRICT refuses plaintext, PERMISSIVE takes both, DISABLE takes plaintext only', 'STRICT 拒绝明文，PERMISSIVE 两者皆可，DISABLE 仅明文'],
  'spec.portLevelMtls': ['Ports of the pod that differ', '与众不同的 Pod 端口'],
};

const AUTHORIZATION: Readonly<Record<string, Said>> = {
  'spec.selector': SELECTOR,
  'spec.selector.matchLabels': ['Labels that a pod has to have', 'Pod 须具备的标签'],
  'spec.targetRefs': ['Gateways or services that it is bound to, in place of labels', '所绑定的网关或服务，代替标签'],
  'spec.action': ['ALLOW lets only these through, DENY refuses these first', 'ALLOW 仅放行所述，DENY 先行拒绝所述'],
  'spec.rules': ['A request has to fit one of these; ALLOW without any lets nothing through', '请求须符合其中之一；ALLOW 无规则则全部拒绝'],
  'spec.rules[].from': ['Who calls: one of these', '调用方：其中之一'],
  'spec.rules[].from[].source': ['All of what is named here has to fit', '此处所列须全部符合'],
  'spec.rules[].from[].source.principals': ['Identities of callers, known over mutual TLS', '调用方身份，须经双向 TLS 得知'],
  'spec.rules[].from[].source.namespaces': ['Namespaces of callers, known over mutual TLS', '调用方命名空间，须经双向 TLS 得知'],
  'spec.rules[].from[].source.ipBlocks': ['Addresses that the connection comes from', '连接来源地址'],
  'spec.rules[].from[].source.remoteIpBlocks': ['Addresses of the first client, as proxies before us tell', '最初客户端的地址，由前置代理告知'],
  'spec.rules[].from[].source.requestPrincipals': ['Who the token of the request says it is', '请求令牌所示的身份'],
  'spec.rules[].to': ['What is asked for: one of these', '请求内容：其中之一'],
  'spec.rules[].to[].operation.methods': ['Methods, as GET', '方法，如 GET'],
  'spec.rules[].to[].operation.paths': ['Paths; a * at one end fits anything', '路径；一端的 * 匹配任意内容'],
  'spec.rules[].to[].operation.hosts': ['Hosts that the request names', '请求所指的主机'],
  'spec.rules[].to[].operation.ports': ['Ports of the pod', 'Pod 的端口'],
  'spec.rules[].when': ['And all of these have to hold', '且须全部满足'],
  'spec.rules[].when[].key': ['An attribute, as request.headers[x-team]', '属性，如 request.headers[x-team]'],
  'spec.rules[].when[].values': ['It has to be one of these', '须为其中之一'],
  'spec.rules[].when[].notValues': ['It must be none of these', '不得为其中任何一个'],
};

const OF: Readonly<Record<string, Readonly<Record<string, Said>>>> = {
  VirtualService: ROUTE,
  DestinationRule: VERSIONS,
  PeerAuthentication: PEER,
  AuthorizationPolicy: AUTHORIZATION,
};

/** What a field is for; empty where we have no words for it. */
export function fieldHelp(kind: string, path: string): string {
  const said = OF[kind]?.[path];
  return said ? (locale.language === 'zh' ? said[1] : said[0]) : '';
}
