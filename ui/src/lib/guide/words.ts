import { words } from '../../i18n/words';

export const t = words(
  {
    guide: 'Step by step',
    part: 'Patch {n}',
    add: 'Add a patch',
    up: 'Move patch {n} up',
    down: 'Move patch {n} down',
    remove: 'Remove patch {n}',
    more: { one: '{n} more condition', other: '{n} more conditions' },
    fewer: 'Fewer conditions',
    example: 'Put in an example',
    any: 'any',
    choose: 'Choose',
    unread: 'Line {line}: {problem}',
    none: 'There is no patch yet: it changes nothing.',
  },
  {
    guide: '分步填写',
    part: '补丁 {n}',
    add: '添加补丁',
    up: '上移补丁 {n}',
    down: '下移补丁 {n}',
    remove: '移除补丁 {n}',
    more: { other: '更多条件（{n}）' },
    fewer: '收起条件',
    example: '填入示例',
    any: '不限',
    choose: '请选择',
    unread: '第 {line} 行：{problem}',
    none: '还没有补丁：目前不会改变任何内容。',
  },
);
