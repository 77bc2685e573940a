<?php

// Loads the models below a folder with the real framework, makes one object of each, calls each of its methods, and
// prints what the associations that they give say of themselves, a line each:
//
//   model CLASS TABLE(KEY) soft=COLUMN morph=NAME
//   CLASS KIND NAME: COLUMNS          in the words of the reader
//   CLASS error NAME: MESSAGE         what the framework refuses
//
// Classes are loaded when they are first asked for; files of configuration answer config().

use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations;
use Illuminate\Database\Eloquent\SoftDeletes;

error_reporting(E_ALL & ~E_DEPRECATED);
set_error_handler(function (int $level, string $message, string $file, int $line) {
    if (error_reporting() & $level) {
        throw new ErrorException($message, 0, $level, $file, $line);
    }
    return true;
});
foreach (['Database', 'Events', 'Support'] as $component) {
    require_once "Illuminate/$component/autoload.php";
}

$root = realpath($argv[1]);
$configuration = [];
$classes = [];
$providers = [];
$files = new RecursiveIteratorIterator(new RecursiveDirectoryIterator($root, FilesystemIterator::SKIP_DOTS));
foreach ($files as $file) {
    $path = $file->getPathname();
    if ($file->getExtension() !== 'php') {
        continue;
    }
    $text = file_get_contents($path);
    if (basename(dirname($path)) === 'config') {
        $configuration[$file->getBasename('.php')] = $path;
    } elseif (basename(dirname($path)) === 'helpers') {
        require_once $path;
    }
    $pattern = '/^\s*(?:namespace ([\w\\\\]+)|(?:abstract |final )?(?:class|trait|interface|enum) (\w+))/m';
    preg_match_all($pattern, $text, $found, PREG_SET_ORDER);
    $namespace = '';
    foreach ($found as $match) {
        if (isset($match[2])) {
            $classes[strtolower($namespace . $match[2])] = [$namespace . $match[2], $path];
        } else {
            $namespace = $match[1] . '\\';
        }
    }
}
spl_autoload_register(function (string $class) use ($classes) {
    $known = $classes[strtolower($class)] ?? null;
    if ($known !== null) {
        require_once $known[1];
    }
});

function env(string $name, $default = null)
{
    return $default;
}

function config(string $path, $default = null)
{
    global $configuration;
    [$file, $rest] = explode('.', $path, 2);
    if (!isset($configuration[$file])) {
        return $default;
    }
    $value = require $configuration[$file];
    foreach (explode('.', $rest) as $key) {
        if (!array_key_exists($key, $value)) {
            return $default;
        }
        $value = $value[$key];
    }
    return $value;
}

$manager = new Manager();
$default = isset($configuration['database']) ? config('database.default') : 'default';
$connections = isset($configuration['database']) ? config('database.connections') : [$default => []];
foreach ($connections as $name => $settings) {
    $settings = ['driver' => 'sqlite', 'database' => ':memory:'] + $settings;
    $manager->addConnection($settings, $name);
}
$manager->getDatabaseManager()->setDefaultConnection($default);
$manager->setEventDispatcher(new Illuminate\Events\Dispatcher());
$manager->setAsGlobal();
$manager->bootEloquent();

ksort($classes);
foreach ($classes as [$class]) {
    if (str_ends_with($class, 'ServiceProvider')) {
        (new $class())->boot();
    }
}
foreach ($classes as [$class]) {
    $reflection = new ReflectionClass($class);
    if ($reflection->isSubclassOf(Model::class) && $reflection->isInstantiable()) {
        describe_model(new $class());
        describe_associations($class, $reflection);
    }
}

function describe_model(Model $model): void
{
    $class = get_class($model);
    $uses = isset(class_uses_recursive($model)[SoftDeletes::class]);
    $soft = $uses ? $model->getDeletedAtColumn() : '';
    $key = $model->getKeyName() ?? '';
    $key = implode(', ', (array) $key);
    try {
        $morph = $model->getMorphClass();
    } catch (Illuminate\Database\ClassMorphViolationException) {
        // With an enforced morph map nothing stands for it: it is in no type column.
        $morph = $class;
    }
    echo "model $class ", table($model, $model->getTable()), "($key) soft=$soft morph=$morph\n";
}

function describe_associations(string $class, ReflectionClass $reflection): void
{
    foreach ($reflection->getMethods() as $method) {
        $file = $method->getFileName();
        $is_ours = $file !== false && str_starts_with($file, $GLOBALS['root'] . '/');
        if (!$is_ours || $method->isStatic() || $method->getNumberOfRequiredParameters() > 0) {
            continue;
        }
        if (str_starts_with($method->getName(), '__') || str_starts_with($method->getName(), 'initialize')) {
            continue;
        }
        $name = $method->getName();
        try {
            $method->setAccessible(true);
            $relation = $method->invoke(new $class());
            if ($relation instanceof Relations\Relation) {
                $kind = kind($relation);
                $link = link_of($relation);
                echo "$class $kind $name: $link\n";
            }
        } catch (Throwable $error) {
            $message = strtok($error->getMessage(), "\n");
            echo "$class error $name: $message\n";
        }
    }
    // Associations that are added from outside are no methods.
    $added = (new ReflectionProperty(Model::class, 'relationResolvers'))->getValue();
    foreach ($added[$class] ?? [] as $name => $resolver) {
        $relation = (new $class())->$name();
        echo "$class ", kind($relation), " $name: ", link_of($relation), "\n";
    }
}

function kind(Relations\Relation $relation): string
{
    return match (true) {
        $relation instanceof Relations\BelongsTo => 'belongs_to',
        $relation instanceof Relations\BelongsToMany => 'belongs_to_many',
        $relation instanceof Relations\HasOneThrough => 'has_one',
        $relation instanceof Relations\HasManyThrough => 'has_many',
        $relation instanceof Relations\HasOne, $relation instanceof Relations\MorphOne => 'has_one',
        $relation instanceof Relations\HasMany, $relation instanceof Relations\MorphMany => 'has_many',
    };
}

/** A table as the database has it, with the prefix of the model's connection. */
function table(Model $model, string $table): string
{
    $parts = explode('.', $table);
    $last = array_pop($parts);
    return implode('.', [...$parts, $model->getConnection()->getTablePrefix() . $last]);
}

function link_of(Relations\Relation $relation): string
{
    $own = $relation->getParent();
    $other = $relation->getRelated();
    $own_table = table($own, $own->getTable());
    $other_table = table($other, $other->getTable());
    switch (true) {
        case $relation instanceof Relations\MorphTo:
            return "$own_table({$relation->getMorphType()}, {$relation->getForeignKeyName()}) -> *";
        case $relation instanceof Relations\BelongsTo:
            return "$own_table({$relation->getForeignKeyName()}) -> $other_table({$relation->getOwnerKeyName()})";
        case $relation instanceof Relations\MorphToMany:
            $join = table($own, $relation->getTable());
            $mine = "$own_table({$relation->getParentKeyName()})";
            $theirs = "$other_table({$relation->getRelatedKeyName()})";
            [$mine_key, $their_key] = [$relation->getForeignPivotKeyName(), $relation->getRelatedPivotKeyName()];
            $type = $relation->getMorphType();
            $value = '"' . str_replace('\\', '\\\\', $relation->getMorphClass()) . '"';
            return $relation->getInverse()
                ? "$join($type, $their_key) -> $theirs where $value, $join($mine_key) -> $mine"
                : "$join($type, $mine_key) -> $mine where $value, $join($their_key) -> $theirs";
        case $relation instanceof Relations\BelongsToMany:
            $join = table($own, $relation->getTable());
            return "$join({$relation->getForeignPivotKeyName()}) -> $own_table({$relation->getParentKeyName()}), "
                . "$join({$relation->getRelatedPivotKeyName()}) -> $other_table({$relation->getRelatedKeyName()})";
        case $relation instanceof Relations\HasManyThrough:
            return 'through ' . get_class((new ReflectionProperty($relation, 'throughParent'))->getValue($relation));
        case $relation instanceof Relations\MorphOneOrMany:
            $value = '"' . str_replace('\\', '\\\\', $relation->getMorphClass()) . '"';
            return "$other_table({$relation->getMorphType()}, {$relation->getForeignKeyName()})"
                . " -> $own_table({$relation->getLocalKeyName()}) where $value";
        default:
            return "$other_table({$relation->getForeignKeyName()}) -> $own_table({$relation->getLocalKeyName()})";
    }
}
