export type Language = 'en' | 'zh';

/** The language of the window. */
class Locale {
  language: Language = $state(ofSystem());

  /** `en`, `zh`, or empty for the system's. */
  set(wanted: string): void {
    this.language = wanted === 'en' || wanted === 'zh' ? wanted : ofSystem();
    document.documentElement.lang = this.language === 'zh' ? 'zh-Hans' : 'en';
  }
}

function ofSystem(): Language {
  return typeof navigator !== 'undefined' && navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const locale = new Locale();
