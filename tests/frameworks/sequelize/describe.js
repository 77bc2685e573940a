// Loads the models of a folder with Sequelize itself and prints what its metadata says of them, as JSON: for each model
// its table and primary key, and for each association a line in the words of relaudit.
// usage: NODE_PATH=… node describe.js FOLDER
'use strict';
const { load, models: modelsOf, table } = require('./load.js');

const sequelize = load(process.argv[2]);

function link(association) {
  const { associationType: type, source, target } = association;
  const end = (model, column) => `${table(model)}(${column})`;
  const { identifierField: key } = association;
  switch (type) {
    case 'BelongsTo':
      return `${end(source, key)} -> ${end(target, association.targetKeyField)}`;
    case 'HasOne':
    case 'HasMany':
      return `${end(target, key)} -> ${end(source, association.sourceKeyField)}`;
    default: {
      const through = association.through.model;
      const other = association.foreignIdentifierField;
      const own = `${end(through, key)} -> ${end(source, association.sourceKeyField)}`;
      return `${own}, ${end(through, other)} -> ${end(target, association.targetKeyField)}`;
    }
  }
}

const words = { BelongsTo: 'belongs_to', HasOne: 'has_one', HasMany: 'has_many', BelongsToMany: 'belongs_to_many' };
const models = {};
for (const model of modelsOf(sequelize)) {
  const attributes = model.modelDefinition?.attributes ?? new Map(Object.entries(model.rawAttributes));
  const keys = [...attributes.values()].filter((attribute) => attribute.primaryKey);
  // What a belongsToMany needs for itself is not declared by anybody.
  const declared = Object.values(model.associations).filter(
    (it) => it.associationType === 'BelongsToMany' || it.rootAssociation?.associationType !== 'BelongsToMany',
  );
  models[model.name] = {
    table: table(model),
    primary_key: keys.map((attribute) => attribute.field).sort(),
    columns: [...attributes.values()].map((attribute) => attribute.field),
    associations: declared.map((it) => `${words[it.associationType]} ${it.as}: ${link(it)}`).sort(),
  };
}
console.log(JSON.stringify(models, null, 1));
