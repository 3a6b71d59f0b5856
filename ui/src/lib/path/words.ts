import { words } from '../../i18n/words';

export const t = words({ choose: 'Choose …' }, { choose: '选择……' });
