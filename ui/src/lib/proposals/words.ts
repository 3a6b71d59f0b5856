import { words } from '../../i18n/words';

export const t = words(
  {
    isNew: 'new',
    changed: 'changed',
    diffOf: 'What changes in {kind} {name}',
    kept: { one: '{n} object is in the tray', other: '{n} objects are in the tray' },
    keptHint: 'Nothing has happened in the cluster yet: review it.',
    review: 'Review',
  },
  {
    isNew: '新建',
    changed: '修改',
    diffOf: '{kind} {name} 的变化',
    kept: { other: '{n} 个对象已放入待办栏' },
    keptHint: '集群中尚未发生任何变化：请审阅。',
    review: '审阅',
  },
);
