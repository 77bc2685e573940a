// Lets umzug run the migrations of a folder through Sequelize, or undo all that it ran.
// usage: NODE_PATH=… node migrate.js URL FOLDER up|down
'use strict';
const path = require('path');
const { Umzug, SequelizeStorage } = require('umzug');

const [url, folder, direction] = process.argv.slice(2);

function connect() {
  try {
    const { Sequelize } = require('@sequelize/core');
    const dialects = { 'postgres:': '@sequelize/postgres', 'mysql:': '@sequelize/mysql' };
    const dialect = Object.entries(require(dialects[new URL(url).protocol])).find(([name]) => name.endsWith('Dialect'))[1];
    return new Sequelize({ dialect, url, logging: false });
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    const { Sequelize } = require('sequelize');
    return new Sequelize(url, { logging: false });
  }
}

async function main() {
  const sequelize = connect();
  const queryInterface = sequelize.queryInterface ?? sequelize.getQueryInterface();
  const umzug = new Umzug({
    // The functions are called as sequelize-cli calls them.
    migrations: {
      glob: ['*.js', { cwd: path.resolve(folder) }],
      resolve: ({ name, path: file }) => {
        const migration = require(file);
        return {
          name,
          up: () => migration.up(queryInterface, sequelize.constructor),
          down: () => migration.down(queryInterface, sequelize.constructor),
        };
      },
    },
    storage: new SequelizeStorage({ sequelize }),
  });
  if (direction === 'up') await umzug.up();
  else await umzug.down({ to: 0 });
  // As many as are run now.
  console.log((await umzug.executed()).length);
  await sequelize.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
