import { locale } from '../../state/locale.svelte';

type Said = readonly [en: string, zh: string];

/** Each recipe: its name, and what it is for. */
const RECIPES: Readonly<Record<string, { readonly name: Said; readonly does: Said }>> = {
  'header-canary': { name: ['Canary by header', '按请求头灰度'], does: ['Requests with a header go to a new version; all others go on as before.', '带有某请求头的请求去新版本，其余照旧。'] },
  'percent-canary': { name: ['Canary by share', '按比例灰度'], does: ['A share of the requests goes to a new version.', '一部分请求去新版本。'] },
  'blue-green': { name: ['Blue and green', '蓝绿切换'], does: ['All requests go over to another version at once. Undo brings them back.', '所有请求一次切换到另一版本；撤销即可返回。'] },
  mirror: { name: ['Mirror', '流量镜像'], does: ['Copies of requests go to another version; its answers are thrown away.', '请求的副本发往另一版本，其应答被丢弃。'] },
  'fault-test': { name: ['Fault test', '故障测试'], does: ['Requests with a header become slow or fail, to see what callers do.', '带有某请求头的请求变慢或失败，以观察调用方。'] },
  'circuit-breaker': { name: ['Circuit breaker', '熔断'], does: ['Callers stop waiting for what is overloaded; pods that fail are left alone for a while.', '过载时调用方不再等待；失败的 Pod 暂停接收请求。'] },
  'retry-budget': { name: ['Retries with a budget', '重试预算'], does: ['Failed requests are tried again, but never more than a share of what is under way.', '失败的请求会重试，但不超过在途请求的一定比例。'] },
  egress: { name: ['A host outside', '外部主机'], does: ['The mesh gets to know a host outside of it.', '让网格认识一个外部主机。'] },
  'ingress-tls': { name: ['Way in with TLS', 'TLS 入口'], does: ['A service is reached from outside by a name, over TLS.', '通过域名以 TLS 从外部访问服务。'] },
  'jwt-edge': { name: ['Tokens at the edge', '边缘令牌'], does: ['Who comes in from outside has to bring a token.', '从外部进入须携带令牌。'] },
  'default-deny': { name: ['Nobody but who was seen', '默认拒绝'], does: ['In a namespace nobody may call anybody, but for those who were seen to in the last hour.', '命名空间内默认禁止调用，仅放行最近一小时内见到的调用方。'] },
  'mesh-strict': { name: ['Mutual TLS everywhere', '全网格严格 mTLS'], does: ['Everywhere in the mesh callers have to come over mutual TLS.', '网格内所有调用方都须使用双向 TLS。'] },
};

/** What a recipe asks for. */
const FIELDS: Readonly<Record<string, Said>> = {
  service: ['Service', '服务'],
  version: ['New version', '新版本'],
  namespace: ['Namespace', '命名空间'],
  header: ['Header', '请求头'],
  value: ['Its value', '其值'],
  percent: ['Share of the requests', '请求比例'],
  delay: ['Wait for', '延迟'],
  status: ['Status of the failure', '失败状态码'],
  connections: ['Most requests at once', '最大并发请求数'],
  pending: ['Most requests that wait', '最大等待请求数'],
  errors: ['Failures in a row', '连续失败次数'],
  interval: ['Looked at every', '检查间隔'],
  ejection: ['Left alone for', '剔除时长'],
  attempts: ['Tries after the first', '重试次数'],
  try: ['One try may take', '单次时限'],
  host: ['Host', '主机'],
  port: ['Port', '端口'],
  protocol: ['Protocol', '协议'],
  secret: ['Secret with the certificate', '证书 Secret'],
  gateway: ['Gateway (label istio)', '网关（标签 istio）'],
  issuer: ['Who issues the tokens', '令牌签发者'],
  jwks: ['Where its keys are', '其公钥地址'],
};

/** Fields that a recipe calls otherwise. */
const OWN: Readonly<Record<string, Said>> = {
  'fault-test.percent': ['Share that fails', '失败比例'],
  'fault-test.status': ['They fail with', '失败状态码'],
  'fault-test.delay': ['All of them wait', '全部延迟'],
  'retry-budget.percent': ['Retries, of what is under way', '重试占在途请求的比例'],
  'mirror.version': ['Copies go to', '副本发往'],
  'blue-green.version': ['Go over to', '切换到'],
  'mesh-strict.namespace': ['Namespace of the mesh', '网格根命名空间'],
  'jwt-edge.namespace': ['Namespace of the gateway', '网关命名空间'],
};

const say = (said: Said | undefined, or: string): string => said?.[locale.language === 'zh' ? 1 : 0] ?? or;

export const recipeName = (id: string): string => say(RECIPES[id]?.name, id);
export const recipeDoes = (id: string): string => say(RECIPES[id]?.does, '');
export const recipeField = (name: string, recipe: string): string => say(OWN[`${recipe}.${name}`] ?? FIELDS[name], name);
