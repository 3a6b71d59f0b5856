import { words } from '../../i18n/words';

export const t = words(
  {
    title: 'Recipes',
    list: 'All recipes',
    chooseService: 'Choose a service',
    chooseVersion: 'Choose a version',
    chooseNamespace: 'Choose a namespace',
    needs: 'What it needs to know',
    creates: 'What it will write',
    keep: 'Put into the tray',
    fill: 'Fill in what is missing, and what it would write is shown here.',
    nothing: 'All of this is so already.',
  },
  {
    title: '配方',
    list: '全部配方',
    chooseService: '选择服务',
    chooseVersion: '选择版本',
    chooseNamespace: '选择命名空间',
    needs: '需要的信息',
    creates: '将写入的内容',
    keep: '放入待办栏',
    fill: '填好缺少的内容，此处会显示将写入什么。',
    nothing: '现状已是如此。',
  },
);
