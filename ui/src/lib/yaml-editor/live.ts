import type { DocumentText, FieldChange, YamlClash } from '../../wire/generated/types';

/** What others made of a document while it was edited. */
export interface News {
  readonly by: readonly string[];
  readonly changed: readonly FieldChange[];
  /** Fields that both changed: somebody has to choose. */
  readonly clashes: readonly YamlClash[];
  /** As it is live now. */
  readonly document: DocumentText;
}

const plain = (path: string): string => path.replaceAll('"', '');
const covers = (field: string, path: string): boolean => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);

/** The managers that own a field that changed, by name. */
export const authorsOf = ({ managers }: Pick<DocumentText, 'managers'>, changed: readonly FieldChange[]): string[] => [
  ...new Set(managers.filter(({ fields }) => changed.some(({ path }) => fields.some((field) => covers(plain(field), plain(path))))).map(({ name }) => name)),
];
