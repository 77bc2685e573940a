<?php

// Lets Laravel's migrator run the migrations of a folder, or undo all that it ran.
// usage: migrate.php DRIVER HOST PORT DATABASE USER FOLDER up|down

use Illuminate\Container\Container;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Migrations\DatabaseMigrationRepository;
use Illuminate\Database\Migrations\Migrator;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Support\Facades\Facade;

error_reporting(E_ALL & ~E_DEPRECATED);
foreach (['Database', 'Events', 'Filesystem', 'Support'] as $component) {
    require_once "Illuminate/$component/autoload.php";
}

[, $driver, $host, $port, $database, $user, $folder, $direction] = $argv;
$container = new Container();
$manager = new Manager($container);
$manager->addConnection([
    'driver' => $driver,
    'host' => $host,
    'port' => $port,
    'database' => $database,
    'username' => $user,
    'password' => '',
    'charset' => $driver === 'mysql' ? 'utf8mb4' : 'utf8',
    'prefix' => '',
]);
$resolver = $manager->getDatabaseManager();
$container->instance('db', $resolver);
Facade::setFacadeApplication($container);

$repository = new DatabaseMigrationRepository($resolver, 'migrations');
$migrator = new Migrator($repository, $resolver, new Filesystem());
if (!$migrator->repositoryExists()) {
    $repository->createRepository();
}
$paths = [realpath($folder)];
if ($direction === 'up') {
    $migrator->run($paths);
} else {
    $migrator->reset($paths);
}
// As many as are run now.
echo count($repository->getRan()), "\n";
