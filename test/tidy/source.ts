import ts from "typescript";

export interface Found<T> {
  readonly value: T;
  readonly line: number;
}

/** What the rules ask of one TypeScript file; comments and strings never count as code. */
export interface SourceFacts {
  /** Modules named by import, export-from, `import()`, `moduleFile(import.meta.url, ...)`, `new URL(..., import.meta.url)`. */
  readonly imports: readonly Found<string>[];
  /** Names of what the file declares: functions, types, variables, parameters, properties. */
  readonly names: readonly Found<string>[];
  /** `Date.now`, `process.env`, `console.log`, `new Date()`, `setTimeout()`, and names imported from `node:` modules. */
  readonly effects: readonly Found<string>[];
  readonly defaultExports: readonly Found<string>[];
  readonly comments: readonly Found<string>[];
}

const WATCHED_OBJECTS = ["Date", "Math", "process", "console", "performance", "crypto", "globalThis"];
const WATCHED_CALLS = ["setTimeout", "setInterval", "setImmediate", "fetch", "Date"];

export function readSource(path: string, text: string): SourceFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const facts: Mutable = {
    imports: [],
    names: [],
    effects: [],
    defaultExports: [],
    comments: commentsOf(text),
  };
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const visit = (node: ts.Node): void => {
    readModules(node, facts, lineOf(node));
    readNames(node, facts, lineOf(node));
    readEffects(node, facts, lineOf(node));
    readDefault(node, facts, lineOf(node));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return facts;
}

type Mutable = { -readonly [K in keyof SourceFacts]: SourceFacts[K][number][] };

function readModules(node: ts.Node, facts: Mutable, line: number): void {
  if (ts.isImportDeclaration(node)) {
    addModule(facts, node.moduleSpecifier, line);
    readNodeImports(node, facts, line);
  } else if (ts.isExportDeclaration(node)) {
    addModule(facts, node.moduleSpecifier, line);
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    addModule(facts, node.arguments[0], line);
  } else if (ts.isCallExpression(node) && node.expression.getText() === "moduleFile") {
    addModule(facts, node.arguments[1], line, ".ts");
  } else if (ts.isNewExpression(node) && node.expression.getText() === "URL") {
    const [first, base] = node.arguments ?? [];
    if (base?.getText() === "import.meta.url") addModule(facts, first, line);
  }
}

function addModule(facts: Mutable, named: ts.Expression | undefined, line: number, extension = ""): void {
  if (named === undefined || !ts.isStringLiteral(named)) return;
  facts.imports.push({ value: named.text + extension, line });
}

function readNodeImports(node: ts.ImportDeclaration, facts: Mutable, line: number): void {
  const specifier = ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";
  const bindings = node.importClause?.namedBindings;
  if (!specifier.startsWith("node:") || bindings === undefined || !ts.isNamedImports(bindings)) return;
  for (const element of bindings.elements) {
    const name = (element.propertyName ?? element.name).text;
    facts.effects.push({ value: `${specifier}#${name}`, line });
  }
}

function readNames(node: ts.Node, facts: Mutable, line: number): void {
  const declares =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ts.isMethodDeclaration(node);
  if (declares && node.name !== undefined && ts.isIdentifier(node.name)) {
    facts.names.push({ value: node.name.text, line });
  }
}

function readEffects(node: ts.Node, facts: Mutable, line: number): void {
  const value = effectOf(node);
  if (value !== undefined) facts.effects.push({ value, line });
}

function effectOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return effectOfAccess(node.expression, node.name.text);
  if (ts.isNewExpression(node)) {
    const readsClock = node.expression.getText() === "Date" && (node.arguments ?? []).length === 0;
    return readsClock ? "new Date()" : undefined;
  }
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  return WATCHED_CALLS.includes(node.expression.text) ? `${node.expression.text}()` : undefined;
}

function effectOfAccess(object: ts.Expression, property: string): string | undefined {
  const watched = ts.isIdentifier(object) && WATCHED_OBJECTS.includes(object.text);
  return watched ? `${object.text}.${property}` : undefined;
}

function readDefault(node: ts.Node, facts: Mutable, line: number): void {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  const marked = modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
  const named = ts.isExportSpecifier(node) && node.name.text === "default";
  if (marked || named || ts.isExportAssignment(node)) facts.defaultExports.push({ value: "default", line });
}

function commentsOf(text: string): Found<string>[] {
  const comments: Found<string>[] = [];
  const scanner = ts.createScanner(ts.ScriptTarget.ES2023, false, ts.LanguageVariant.Standard, text);
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const comment =
      kind === ts.SyntaxKind.SingleLineCommentTrivia || kind === ts.SyntaxKind.MultiLineCommentTrivia;
    if (!comment) continue;
    const firstLine = text.slice(0, scanner.getTokenStart()).split("\n").length;
    for (const [offset, value] of scanner.getTokenText().split("\n").entries()) {
      comments.push({ value, line: firstLine + offset });
    }
  }
  return comments;
}
