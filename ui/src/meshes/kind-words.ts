import { locale } from '../state/locale.svelte';

type Said = readonly [en: string, zh: string];

/** What a kind is for, in a line. */
const KINDS: Readonly<Record<string, Said>> = {
  'networking.istio.io/VirtualService': ['Where requests for a host go', '某主机的请求去往何处'],
  'networking.istio.io/DestinationRule': ['Versions of a service, and how to connect to it', '服务的版本及连接方式'],
  'networking.istio.io/Gateway': ['Ports and hosts of a proxy at the edge', '边缘代理的端口与主机'],
  'networking.istio.io/ServiceEntry': ['A host that the mesh did not know', '为网格添加一个主机'],
  'networking.istio.io/Sidecar': ['What the proxies of a namespace or workload see', '命名空间或工作负载的代理可见范围'],
  'networking.istio.io/WorkloadEntry': ['A machine outside Kubernetes, as part of a service', '作为服务一部分的集群外机器'],
  'networking.istio.io/WorkloadGroup': ['What machines that join the mesh have in common', '加入网格的机器的共同设置'],
  'networking.istio.io/EnvoyFilter': ['Patches the proxies’ own configuration by hand', '手工修补代理自身的配置'],
  'networking.istio.io/ProxyConfig': ['Settings of proxies that need a restart', '需要重启的代理设置'],
  'security.istio.io/PeerAuthentication': ['Whether callers have to use mutual TLS', '调用方是否须用双向 TLS'],
  'security.istio.io/AuthorizationPolicy': ['Who may call what', '谁可以调用什么'],
  'security.istio.io/RequestAuthentication': ['Which tokens of end users are accepted', '接受哪些终端用户令牌'],
  'telemetry.istio.io/Telemetry': ['What proxies log, measure and trace', '代理记录、度量和追踪什么'],
  'extensions.istio.io/WasmPlugin': ['A WebAssembly filter in proxies', '代理中的 WebAssembly 过滤器'],
  'extensions.istio.io/TrafficExtension': ['An extension in the way of requests', '请求路径上的扩展'],
  'gateway.networking.k8s.io/GatewayClass': ['Who makes gateways', '由谁创建网关'],
  'gateway.networking.k8s.io/Gateway': ['Ports at the edge, or inside the mesh', '边缘或网格内的端口'],
  'gateway.networking.k8s.io/HTTPRoute': ['Where HTTP requests go', 'HTTP 请求去往何处'],
  'gateway.networking.k8s.io/GRPCRoute': ['Where gRPC calls go', 'gRPC 调用去往何处'],
  'gateway.networking.k8s.io/TLSRoute': ['Where TLS connections go, by server name', '按服务器名转发 TLS 连接'],
  'gateway.networking.k8s.io/TCPRoute': ['Where TCP connections go', 'TCP 连接去往何处'],
  'gateway.networking.k8s.io/UDPRoute': ['Where datagrams go', 'UDP 数据报去往何处'],
  'gateway.networking.k8s.io/ListenerSet': ['More listeners for a gateway of somebody else', '为他人的网关添加监听器'],
  'gateway.networking.k8s.io/ReferenceGrant': ['Lets other namespaces refer to objects here', '允许其他命名空间引用此处对象'],
  'gateway.networking.k8s.io/BackendTLSPolicy': ['How a gateway encrypts towards a service', '网关到服务的加密方式'],
};

export const kindWords = (group: string, kind: string): string => KINDS[`${group}/${kind}`]?.[locale.language === 'zh' ? 1 : 0] ?? '';
