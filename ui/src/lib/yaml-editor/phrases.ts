import { locale } from '../../state/locale.svelte';

/** CodeMirror's own words, in Chinese. English is what it has. */
const CHINESE: Readonly<Record<string, string>> = {
  Find: '查找',
  Replace: '替换',
  next: '下一个',
  previous: '上一个',
  all: '全部',
  'match case': '区分大小写',
  'by word': '整词',
  regexp: '正则',
  replace: '替换',
  'replace all': '全部替换',
  close: '关闭',
  'current match': '当前匹配',
  'replaced $ matches': '已替换 $ 处',
  'replaced match on line $': '已替换第 $ 行',
  'on line': '行',
  'Go to line': '转到行',
  go: '转到',
  Diagnostics: '问题',
  'No diagnostics': '没有问题',
  'Fold line': '折叠',
  'Unfold line': '展开',
  'Folded lines': '已折叠',
  'Unfolded lines': '已展开',
  to: '至',
  'folded code': '已折叠',
  unfold: '展开',
  Completions: '补全',
  'Control character': '控制字符',
  'Selection deleted': '已删除所选',
  '$ unchanged lines': '$ 行未变',
  'Deleted lines': '已删除的行',
};

export const phrases = (): Readonly<Record<string, string>> => (locale.language === 'zh' ? CHINESE : {});
