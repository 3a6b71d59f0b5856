import { words } from '../../i18n/words';

export const t = words(
  {
    title: 'Clusters',
  },
  {
    title: '集群',
  },
);
