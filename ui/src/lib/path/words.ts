import { words } from '../../i18n/words';

export const t = words({ choose: 'Choose …', pickFile: 'File …', pickFolder: 'Folder …' }, { choose: '选择……', pickFile: '文件……', pickFolder: '文件夹……' });
