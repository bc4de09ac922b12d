/** Version of this code; a test keeps it equal to package.json's, which bundles do not carry. */
export const version = "0.1.0";
