/** The notice that must stand wherever results are shown. */
export const NOTICE = 'For research use only. Not a medical device; not for diagnosis or treatment.';
