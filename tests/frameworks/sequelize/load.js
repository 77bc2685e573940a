// Loads the models of a folder with Sequelize itself.
'use strict';
const fs = require('fs');
const Module = require('module');
const path = require('path');

// TypeScript is translated file by file, and modules named `x.js` may be `x.ts`.
require.extensions['.ts'] = (module, file) => {
  const typescript = require('typescript');
  const { outputText } = typescript.transpileModule(fs.readFileSync(file, 'utf8'), {
    compilerOptions: {
      module: typescript.ModuleKind.CommonJS,
      target: typescript.ScriptTarget.ES2021,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
      useDefineForClassFields: false,
    },
    fileName: file,
  });
  module._compile(outputText, file);
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  try {
    return resolve.call(this, request, parent, ...rest);
  } catch (error) {
    if (!request.startsWith('.') || !request.endsWith('.js')) throw error;
    return resolve.call(this, request.replace(/\.js$/, '.ts'), parent, ...rest);
  }
};

exports.load = function (given) {
  const folder = path.resolve(given);
  const entry = ['index.js', 'index.ts', 'models/index.js', 'models/index.ts']
    .map((file) => path.join(folder, file))
    .find((file) => fs.existsSync(file));
  return require(entry).sequelize;
};

// The schema of a model's table, where it is in one of its own: Sequelize 7 spells out the one that tables are in by
// default.
function schema(model) {
  const { schema: name } = model.table ?? model.options;
  return name && name !== 'public' ? name : null;
}
exports.schema = schema;

exports.table = function (model) {
  const { tableName } = model.table ?? model;
  return schema(model) ? `${schema(model)}.${tableName}` : tableName;
};

exports.models = (sequelize) => [...(sequelize.models.values?.() ?? Object.values(sequelize.models))];
