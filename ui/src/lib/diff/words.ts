import { words } from '../../i18n/words';

export const t = words(
  {
    noDiff: 'Nothing differs from what is live.',
    unchanged: { one: '{n} line unchanged', other: '{n} lines unchanged' },
    added: 'added',
    removed: 'removed',
    isNew: 'new',
    goes: 'goes',
    diffOf: 'What changes in {file}',
  },
  {
    noDiff: '与生效版本没有差别。',
    unchanged: { other: '{n} 行未变' },
    added: '新增',
    removed: '删除',
    isNew: '新建',
    goes: '删除',
    diffOf: '{file} 的变化',
  },
);
