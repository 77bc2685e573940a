// Loads the models of a folder with Sequelize itself and lets it make their tables in a database of PostgreSQL. Prints,
// as JSON, which tables the database refused (and why), and whether the models reference each other in a cycle.
// usage: NODE_PATH=… node sync.js FOLDER URL
'use strict';
const { load, models, schema, table } = require('./load.js');

async function main() {
  const [folder, url] = process.argv.slice(2);
  const sequelize = load(folder);
  // Whatever database the application names: this is the one that it gets. Sequelize 6 says `username`, 7 `user`.
  const { hostname: host, port, pathname, username } = new URL(url);
  const connectHere = (config) => {
    Object.assign(config, { host, port: Number(port), database: pathname.slice(1), password: '' });
    config[sequelize.hooks ? 'user' : 'username'] = username;
  };
  if (sequelize.hooks) sequelize.hooks.addListener('beforeConnect', connectHere);
  else sequelize.addHook('beforeConnect', connectHere);

  // No version makes schemas by itself.
  for (const name of new Set(models(sequelize).map(schema))) {
    if (name) await sequelize.createSchema(name);
  }
  // A table that the database refuses is told of, and keeps no other from being made.
  const refused = {};
  for (const model of models(sequelize)) {
    const sync = model.sync.bind(model);
    model.sync = (options) => sync(options).catch((error) => void (refused[table(model)] = error.message));
  }
  await sequelize.sync();
  const cyclic = !(sequelize.hooks ? sequelize.models : sequelize.modelManager).getModelsTopoSortedByForeignKey();
  console.log(JSON.stringify({ cyclic, refused }));
  await sequelize.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
