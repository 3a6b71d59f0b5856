import { words } from '../../i18n/words';

export const t = words(
  {
    isNew: 'new',
    changed: 'changed',
    inTray: 'The tray holds it already.',
    isSo: 'It is so already, live or in the tray.',
    diffOf: 'What changes in {kind} {name}',
  },
  {
    isNew: '新建',
    changed: '修改',
    inTray: '待办栏中已有。',
    isSo: '生效版本或待办栏中已是如此。',
    diffOf: '{kind} {name} 的变化',
  },
);
