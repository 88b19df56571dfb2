/**
 * The project's own lint rules: the borders of the house.
 *
 * @module
 */

const RAW_FFI_REGEXP = /^(dlopen|Unsafe)/;
const SAFETY_LINES = 6;

/** Where a file stands in the repository. */
function isIn(filename: string, ...folders: string[]): boolean {
  return folders.some((folder) => filename.includes(`/${folder}`));
}

function isLibrary(filename: string): boolean {
  return (isIn(filename, "ffi/", "lib/") && !isIn(filename, "lib/cli/")) ||
    filename.endsWith("/mod.ts");
}

function checkImport(context: Deno.lint.RuleContext, source: Deno.lint.StringLiteral): void {
  const { filename } = context;
  const { value } = source;
  if (isLibrary(filename) && !/^(\.\.?\/|node:)/.test(value)) {
    context.report({ node: source, message: `Library code imports relative paths only: ${value}` });
  }
  if (isIn(filename, "ffi/") && /(^|\/)(lib\/|mod\.ts$)/.test(value)) {
    context.report({ node: source, message: `ffi/ imports nothing of lib/: ${value}` });
  }
}

const plugin: Deno.lint.Plugin = {
  name: "deno-ipc",
  rules: {
    "ffi-border": {
      create(context) {
        return {
          MemberExpression(node) {
            if (isIn(context.filename, "ffi/")) return;
            if (node.object.type !== "Identifier" || node.object.name !== "Deno") return;
            if (node.property.type !== "Identifier") return;
            if (RAW_FFI_REGEXP.test(node.property.name)) {
              context.report({ node, message: "Raw FFI stands in ffi/ only" });
            }
          },
        };
      },
    },
    "import-border": {
      create(context) {
        return {
          ImportDeclaration(node) {
            checkImport(context, node.source);
          },
          ExportNamedDeclaration(node) {
            if (node.source?.type === "Literal") checkImport(context, node.source);
          },
          ExportAllDeclaration(node) {
            checkImport(context, node.source);
          },
        };
      },
    },
    "safety-comment": {
      create(context) {
        return {
          "MemberExpression[property.name=/^(getArrayBuffer|getCString|UnsafeCallback)$/]"(
            node: Deno.lint.MemberExpression,
          ) {
            const before = context.sourceCode.text.slice(0, node.range[0]).split("\n");
            const near = before.slice(-SAFETY_LINES).join("\n");
            if (near.includes("// SAFETY:")) return;
            context.report({ node, message: "A raw view needs a // SAFETY: comment above it" });
          },
        };
      },
    },
  },
};

export default plugin;
