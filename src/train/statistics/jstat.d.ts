/** The part of jStat that is used here. */
declare module 'jstat' {
  const jStat: {
    /** Complementary error function. */
    erfc(x: number): number;
    studentt: { cdf(t: number, degreesOfFreedom: number): number; inv(p: number, degreesOfFreedom: number): number };
    centralF: { inv(p: number, df1: number, df2: number): number };
  };
  export default jStat;
}
