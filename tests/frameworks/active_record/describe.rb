# Loads the models of an application into Active Record, and prints its own account of each association (its reflection)
# in the words of relaudit. Tables are made in SQLite, in memory, with what Rails gives every table: the key `id`.

module Kernel
  def gem(*) = nil # the packages are found without RubyGems
end

require "logger"
require "active_record"
require "active_support/all"

if ARGV == ["--version"]
  puts "Active Record #{ActiveRecord.version}, Ruby #{RUBY_VERSION}"
  exit
end

# As much of Rails as a file of configuration speaks to.
module Rails
  def self.configuration = Application.config

  class Configuration
    def load_defaults(version)
      ActiveRecord::Base.belongs_to_required_by_default = version.to_f >= 5.0
    end

    def active_record = ActiveRecord::Base
  end

  class Application
    def self.config = (@@config ||= Configuration.new)
  end

  def self.application = Application
end

# Starts Active Storage and Action Text as their engines do: their classes are found by name.
def start_engines
  %w[active_storage active_storage/reflection action_view action_text zeitwerk].each { |library| require library }
  loader = Zeitwerk::Loader.new
  %w[active_storage action_text].each do |engine|
    engine.camelize.constantize.define_singleton_method(:table_name_prefix) { "#{engine}_" }
    library = $LOAD_PATH.find { |path| File.exist?("#{path}/#{engine}/engine.rb") }
    Dir["#{library}/../app/{models,helpers}"].each { |folder| loader.push_dir(folder) }
  end
  loader.setup
  ActiveRecord::Reflection.singleton_class.prepend(ActiveStorage::Reflection::ReflectionExtension)
  ActiveRecord::Base.include(ActiveStorage::Reflection::ActiveRecordExtensions, ActiveStorage::Attached::Model)
  ActiveRecord::Base.include(ActionText::Attribute)
end

# Evaluates files until each has found the classes that it needs.
def load_all(files)
  until files.empty?
    left = files.reject do |file|
      load file
      true
    rescue NameError => error
      raise unless error.instance_of?(NameError)
      $reason = error
      false
    end
    raise $reason if left.size == files.size
    files = left
  end
end

root = File.expand_path(ARGV.fetch(0))
raise "#{root} holds no models" if Dir["#{root}/app/models/**/*.rb"].empty?

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
connection = ActiveRecord::Base.connection
connection.execute("ATTACH ':memory:' AS shop")
load_all(Dir["#{root}/config/**/*.rb"].sort)
files = Dir["#{root}/app/models/**/*.rb"].sort
start_engines if files.any? { |file| File.read(file).match?(/has_(one|many)_attached|has_rich_text/) }
load_all(files)

models = ActiveRecord::Base.descendants.reject do |model|
  model.abstract_class? || model.name.nil? || model.name.match?(/HABTM_|\AActiveStorage::|\AActionText::/)
end
models.map(&:table_name).uniq.each do |table|
  connection.execute("CREATE TABLE #{table.split(".").map { |name| connection.quote_column_name(name) }.join(".")} (id integer PRIMARY KEY)")
end

def end_of(table, columns) = "#{table}(#{Array(columns).join(", ")})"

def polymorphic_end(reflection, table)
  type = reflection.foreign_type || reflection.type
  "#{table}(#{type}, #{reflection.foreign_key})"
end

def link(model, reflection)
  return "through #{reflection.options[:through]}" if reflection.through_reflection?
  return "#{polymorphic_end(reflection, model.table_name)} -> *" if reflection.polymorphic?

  target = reflection.klass
  case reflection.macro
  when :belongs_to
    child = end_of(model.table_name, reflection.foreign_key)
    "#{child} -> #{end_of(target.table_name, reflection.association_primary_key)}"
  when :has_and_belongs_to_many
    middle = model._reflect_on_association(reflection.name).through_reflection
    # The model that Rails makes of the join table has an association to each side.
    join = middle.klass
    right = join.right_reflection
    "#{end_of(join.table_name, middle.foreign_key)} -> #{end_of(model.table_name, model.primary_key)}, " \
      "#{end_of(join.table_name, right.foreign_key)} -> #{end_of(target.table_name, right.association_primary_key)}"
  else
    parent = end_of(model.table_name, reflection.active_record_primary_key)
    if reflection.type
      "#{polymorphic_end(reflection, target.table_name)} -> #{parent} where #{model.polymorphic_name.inspect}"
    else
      "#{end_of(target.table_name, reflection.foreign_key)} -> #{parent}"
    end
  end
end

def optionality(model, reflection)
  return "" unless reflection.macro == :belongs_to

  presence = model.validators_on(reflection.name).grep(ActiveRecord::Validations::PresenceValidator)
  presence.any? ? " required" : " optional"
end

DEPENDENT = {
  destroy: "CASCADE", delete: "CASCADE", delete_all: "CASCADE", destroy_async: "CASCADE", nullify: "SET NULL",
  restrict_with_error: "RESTRICT", restrict_with_exception: "RESTRICT"
}.freeze

def dependent(reflection)
  action = DEPENDENT[reflection.options[:dependent]]
  action && reflection.macro != :belongs_to && !reflection.through_reflection? ? " dependent=#{action}" : ""
end

KINDS = { has_and_belongs_to_many: "belongs_to_many" }.freeze

lines = models.flat_map do |model|
  own = model.reflect_on_all_associations.select do |reflection|
    owner = reflection.active_record
    owner == model || owner.abstract_class?
  end
  own.map do |reflection|
    kind = KINDS.fetch(reflection.macro, reflection.macro)
    "#{model.name} #{kind} #{reflection.name}: #{link(model, reflection)}#{optionality(model, reflection)}#{dependent(reflection)}"
  end
end
puts lines.sort
