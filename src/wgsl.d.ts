/** A kernel's source, imported as text by the bundler and by the test runner alike. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
