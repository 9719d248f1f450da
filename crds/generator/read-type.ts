/** From a TypeScript type to a structural schema. What such a schema cannot say is refused, never approximated. */
import {
  Node,
  type InterfaceDeclaration,
  type JSDocableNode,
  type PropertySignature,
  type TypeAliasDeclaration,
  type TypeNode,
} from 'ts-morph';
import { boundProblems } from './bounds.ts';
import type { Problems } from './problems.ts';
import type { Schema } from './schema.ts';
import { applyTags, documentation } from './tags.ts';

type Declaration = InterfaceDeclaration | TypeAliasDeclaration;

/** Where the reader is. `within` are the declarations around it: meeting one of them again would be recursion. */
export interface Position {
  /** Name of the field as `kubectl explain` takes it. */
  readonly path: string;
  readonly within: readonly Declaration[];
  readonly problems: Problems;
}

/** Undefined if the type was refused; the reason is then among the problems. */
export function readType(node: TypeNode, position: Position): Schema | undefined {
  if (Node.isParenthesizedTypeNode(node)) return readType(node.getTypeNode(), position);
  if (Node.isTypeOperatorTypeNode(node)) return readType(node.getTypeNode(), position);
  if (Node.isArrayTypeNode(node)) return readArray(node.getElementTypeNode(), position);
  if (Node.isUnionTypeNode(node)) return readUnion(node.getTypeNodes(), node, position);
  if (Node.isLiteralTypeNode(node)) return readUnion([node], node, position);
  if (Node.isTypeReference(node)) return readReference(node, position);
  switch (node.getText()) {
    case 'string':
      return { type: 'string' };
    case 'number':
      // The conventions of the Kubernetes API want no floating point numbers in objects.
      return { type: 'integer', format: 'int64' };
    case 'boolean':
      return { type: 'boolean' };
    case 'any':
    case 'unknown':
      position.problems.add(node, position.path, `a field of type ${node.getText()} accepts anything; give it a type`);
      return undefined;
    default:
      position.problems.add(node, position.path, `${node.getKindName()} has no form in a structural schema`);
      return undefined;
  }
}

function readArray(element: TypeNode, position: Position): Schema | undefined {
  const items = readType(element, { ...position, path: `${position.path}[]` });
  return items === undefined ? undefined : { type: 'array', items };
}

function readUnion(members: readonly TypeNode[], node: TypeNode, position: Position): Schema | undefined {
  const values: string[] = [];
  for (const member of members) {
    const literal = Node.isLiteralTypeNode(member) ? member.getLiteral() : undefined;
    if (literal === undefined || !Node.isStringLiteral(literal)) {
      const advice = 'use one object with a kind field and optional fields';
      position.problems.add(
        node,
        position.path,
        `only unions of strings are structural, not ${node.getText()}; ${advice}`,
      );
      return undefined;
    }
    values.push(literal.getLiteralValue());
  }
  return { type: 'string', enum: values };
}

function readReference(node: TypeNode, position: Position): Schema | undefined {
  const declaration = Node.isTypeReference(node) ? declarationOf(node.getTypeName()) : undefined;
  if (declaration === undefined) {
    const message = `${node.getText()} is not an interface or alias of ours; maps and generic types are not structural`;
    position.problems.add(node, position.path, message);
    return undefined;
  }
  if (position.within.includes(declaration)) {
    const message = `${declaration.getName()} contains itself; use a flat list whose entries name their parent`;
    position.problems.add(node, position.path, message);
    return undefined;
  }
  const inside = { ...position, within: [...position.within, declaration] };
  return Node.isInterfaceDeclaration(declaration) ? readInterface(declaration, inside) : readAlias(declaration, inside);
}

function declarationOf(name: Node): Declaration | undefined {
  const symbol = name.getSymbol();
  const declarations = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations() ?? [];
  return declarations.find(
    (declaration): declaration is Declaration =>
      (Node.isInterfaceDeclaration(declaration) || Node.isTypeAliasDeclaration(declaration)) &&
      declaration.getSourceFile().getFilePath().includes('/crds/') &&
      declaration.getTypeParameters().length === 0,
  );
}

function readAlias(alias: TypeAliasDeclaration, position: Position): Schema | undefined {
  const schema = readType(alias.getTypeNodeOrThrow(), position);
  if (schema !== undefined) describe(schema, alias, position);
  return schema;
}

function readInterface(declaration: InterfaceDeclaration, position: Position): Schema {
  if (declaration.getExtends().length > 0) {
    position.problems.add(declaration, position.path, 'extends is not followed; repeat the fields');
  }
  const schema = readMembers(declaration.getMembers(), position);
  describe(schema, declaration, position);
  return schema;
}

/** Object with the given members of an interface as its properties. */
export function readMembers(members: readonly Node[], position: Position): Schema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const member of members) {
    if (!Node.isPropertySignature(member)) {
      position.problems.add(member, position.path, 'only properties can be fields, not methods or index signatures');
      continue;
    }
    const schema = readProperty(member, position);
    if (schema === undefined) continue;
    properties[member.getName()] = schema;
    if (!member.hasQuestionToken() && schema.default === undefined) required.push(member.getName());
  }
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

function readProperty(member: PropertySignature, position: Position): Schema | undefined {
  const path = `${position.path}${position.path === '' ? '' : '.'}${member.getName()}`;
  const at: Position = { ...position, path };
  const typeNode = member.getTypeNode();
  const schema = typeNode === undefined ? undefined : readType(typeNode, at);
  if (schema === undefined) return undefined;
  describe(schema, member, at);
  for (const problem of boundProblems(schema)) position.problems.add(member, path, problem);
  // Transition rules do not run when a field comes or goes.
  if (member.hasQuestionToken() && documentation(member).tags.some((tag) => tag.name === 'immutable')) {
    position.problems.add(member, path, 'an optional field can be removed and set anew in spite of @immutable');
  }
  return schema;
}

function describe(schema: Schema, node: JSDocableNode & Node, position: Position): void {
  const { description, tags } = documentation(node);
  if (description === '')
    position.problems.add(node, position.path, 'has no description; write a JSDoc comment above it');
  schema.description = description;
  applyTags(schema, tags, { node, ...position });
}
