import { words } from '../../i18n/words';

export const t = words(
  {
    title: 'Save to a file or a folder',
    intro: 'Each object goes into the document that has it already; comments, other documents and everything that was not edited stay byte for byte. What is new gets a file of its own, or goes to the end of the file.',
    path: 'File or folder',
    cancel: 'Cancel',
    look: 'Show what it would write',
    outdated: 'A file was changed on disk since this was shown: nothing was written. This is what would be written now.',
    save: 'Save',
    nothing: 'It has all of it as it is',
    same: { one: '{n} object is there as it is', other: '{n} objects are there as they are' },
    done: { one: '{n} file saved', other: '{n} files saved' },
    toFiles: 'Save to files …',
  },
  {
    title: '保存到文件或文件夹',
    intro: '每个对象写入已包含它的文档；注释、其他文档以及未编辑的一切逐字节保持不变。新对象写入自己的文件，或写到该文件末尾。',
    path: '文件或文件夹',
    cancel: '取消',
    look: '显示将写入的内容',
    outdated: '显示之后磁盘上的文件已被更改：未写入任何内容。以下是现在将写入的内容。',
    save: '保存',
    nothing: '其中已全部如此',
    same: { other: '{n} 个对象已如此' },
    done: { other: '已保存 {n} 个文件' },
    toFiles: '保存到文件……',
  },
);
