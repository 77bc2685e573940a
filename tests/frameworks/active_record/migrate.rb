# Lets Active Record run the migrations of a folder, or undo all that it ran.
# usage: migrate.rb URL FOLDER up|down

module Kernel
  def gem(*) = nil # the packages are found without RubyGems
end

require "logger"
require "active_record"
require "active_support/all"

url, folder, direction = ARGV
ActiveRecord::Base.establish_connection(url)
ActiveRecord::Migration.verbose = false
context = ActiveRecord::MigrationContext.new(folder)
raise "#{folder} holds no migrations" if context.migrations.empty?
case direction
when "up" then context.migrate
when "down" then context.rollback(context.get_all_versions.size)
else raise "up or down?"
end
# As many as are run or not run now.
puts context.get_all_versions.size
