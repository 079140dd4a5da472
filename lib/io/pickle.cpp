#include "io/pickle.hpp"

#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "io/pickle_names.hpp"

namespace fastbox::io {
namespace {

// Values that every pickle has, by place.
constexpr Pickle::Place none_place = 0, false_place = 1, true_place = 2, empty_tuple_place = 3;

constexpr const char* remedy =
    ": a state_dict does not need it. Where a whole module was saved, save its state_dict: "
    "torch.save(model.state_dict(), FILE)";

}  // namespace

/// One run of the program. The stack, the marks and the memo are gone afterwards.
class Pickle::Machine {
 public:
  Machine(Pickle& pickle, std::size_t begin)
      : pickle_(pickle), bytes_(pickle.bytes_), begin_(begin), at_(begin), opcode_at_(begin) {
    pickle_.values_ = {{}, {Kind::boolean, 0, 0}, {Kind::boolean, 0, 1}, {Kind::tuple, 0, 0}};
  }

  void run() {
    if (bytes_.size() - begin_ < 2 || static_cast<unsigned char>(bytes_[begin_]) != 0x80)
      refuse("there is no pickle, expected the opcode PROTO");
    if (bytes_[begin_ + 1] != 2)
      refuse("pickle protocol ", static_cast<int>(static_cast<unsigned char>(bytes_[begin_ + 1])),
             ", expected 2, torch.save's own");
    at_ += 2;
    for (;;) {
      opcode_at_ = at_;
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      const auto opcode = static_cast<Opcode>(byte);
      if (opcode == Opcode::stop) break;
      if (!push_constant(opcode) && !remember(opcode) && !put_together(opcode) && !make_object(opcode))
        refuse("opcode ", opcode_name(byte), remedy);
    }
    if (stack_.size() != 1 || !marks_.empty()) refuse("the pickle ends with ", stack_.size(), " values, expected 1");
    pickle_.root_ = stack_.back();
    pickle_.end_ = at_;
  }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ExitCode::data, pickle_.where_, ", byte ", opcode_at_, ": ", parts...);
  }

  std::string_view take(std::size_t size) {
    if (size > bytes_.size() - at_) refuse("cut off, the pickle ends at ", bytes_.size());
    if (at_ + size - begin_ > largest_pickle) refuse("the pickle is longer than ", largest_pickle, " bytes");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  template <typename Number>
  Number take_number() {
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  std::string_view take_line() {
    const std::size_t end = bytes_.substr(at_, largest_pickle).find('\n');
    if (end == std::string_view::npos) refuse("cut off, a line does not end");
    const std::string_view line = take(end + 1);
    return line.substr(0, end);
  }

  // ---- stack ----

  void bound(std::size_t count) const {
    if (count >= most_pickled_values) refuse("the pickle holds more than ", most_pickled_values, " values");
  }

  const Value& value(Place place) const { return pickle_.values_[place]; }

  void push(Place place) {
    bound(stack_.size());
    stack_.push_back(place);
  }

  void push(Value value) {
    bound(pickle_.values_.size());
    pickle_.values_.push_back(value);
    push(static_cast<Place>(pickle_.values_.size() - 1));
  }

  void push_text(std::string_view text) {
    push({Kind::text, static_cast<std::uint32_t>(text.size()), text.data() - bytes_.data()});
  }

  /// Refuses where fewer than `count` values lie above the latest mark.
  void need(std::size_t count) const {
    if (stack_.size() - (marks_.empty() ? 0 : marks_.back()) < count)
      refuse("the stack holds too little for this opcode");
  }

  Place pop() {
    need(1);
    const Place place = stack_.back();
    stack_.pop_back();
    return place;
  }

  Place top() const {
    need(1);
    return stack_.back();
  }

  /// Where the values above the latest mark begin, which is gone afterwards.
  std::size_t take_mark() {
    if (marks_.empty()) refuse("there is no mark on the stack");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }

  std::span<const Place> above(std::size_t begin) const { return std::span(stack_).subspan(begin); }

  // ---- opcodes, in four groups; false: not one of the group ----

  bool push_constant(Opcode opcode) {
    switch (opcode) {
      case Opcode::none:
        push(none_place);
        return true;
      case Opcode::newfalse:
        push(false_place);
        return true;
      case Opcode::newtrue:
        push(true_place);
        return true;
      case Opcode::binint:
        push({Kind::integer, 0, take_number<std::int32_t>()});
        return true;
      case Opcode::binint1:
        push({Kind::integer, 0, take_number<std::uint8_t>()});
        return true;
      case Opcode::binint2:
        push({Kind::integer, 0, take_number<std::uint16_t>()});
        return true;
      case Opcode::long1:
        push({Kind::integer, 0, take_long()});
        return true;
      case Opcode::binfloat:  // no tensor's description holds one; an epoch's loss beside the state_dict may
        take(8);
        push({Kind::real, 0, 0});
        return true;
      case Opcode::binunicode:
        push_text(take(take_number<std::uint32_t>()));
        return true;
      case Opcode::short_binstring:
        push_text(take(take_number<std::uint8_t>()));
        return true;
      default:
        return false;
    }
  }

  std::int64_t take_long() {
    const std::string_view digits = take(take_number<std::uint8_t>());
    if (digits.size() > sizeof(std::int64_t)) refuse("an integer of ", digits.size(), " bytes, expected at most 8");
    const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
    std::int64_t number = negative ? -1 : 0;
    std::memcpy(&number, digits.data(), digits.size());
    return number;
  }

  bool remember(Opcode opcode) {
    switch (opcode) {
      case Opcode::binput:
        put(take_number<std::uint8_t>());
        return true;
      case Opcode::long_binput:
        put(take_number<std::uint32_t>());
        return true;
      case Opcode::binget:
        get(take_number<std::uint8_t>());
        return true;
      case Opcode::long_binget:
        get(take_number<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  void put(std::size_t index) {
    const Place place = top();
    // Picklers count them; a wild number would cost memory for all before it.
    if (index > at_ - begin_) refuse("memo ", index, ", expected at most one for each byte so far");
    bound(index);
    if (index >= memo_.size()) memo_.resize(index + 1);
    memo_[index] = place;
  }

  void get(std::size_t index) {
    if (index >= memo_.size() || !memo_[index]) refuse("memo ", index, " was never put");
    push(*memo_[index]);
  }

  bool put_together(Opcode opcode) {
    switch (opcode) {
      case Opcode::mark:
        bound(marks_.size());
        marks_.push_back(stack_.size());
        return true;
      case Opcode::empty_tuple:
        push(empty_tuple_place);
        return true;
      case Opcode::tuple:
        make_tuple(take_mark());
        return true;
      case Opcode::tuple1:
      case Opcode::tuple2:
      case Opcode::tuple3: {
        const std::size_t count = static_cast<std::size_t>(opcode) - static_cast<std::size_t>(Opcode::tuple1) + 1;
        need(count);
        make_tuple(stack_.size() - count);
        return true;
      }
      case Opcode::empty_list:
        pickle_.lists_.emplace_back();
        push({Kind::list, 0, static_cast<std::int64_t>(pickle_.lists_.size() - 1)});
        return true;
      case Opcode::append:
        need(2);
        append(stack_.size() - 1);
        return true;
      case Opcode::appends:
        append(take_mark());
        return true;
      case Opcode::empty_dict:
        make_dictionary(none_place);
        return true;
      case Opcode::setitem:
        need(3);
        set_items(stack_.size() - 2);
        return true;
      case Opcode::setitems:
        set_items(take_mark());
        return true;
      default:
        return false;
    }
  }

  void make_tuple(std::size_t begin) {
    const auto items = above(begin);
    const Value tuple{Kind::tuple, static_cast<std::uint32_t>(items.size()),
                      static_cast<std::int64_t>(pickle_.tuples_.size())};
    pickle_.tuples_.insert(pickle_.tuples_.end(), items.begin(), items.end());
    stack_.resize(begin);
    push(tuple);
  }

  void append(std::size_t begin) {
    const auto items = above(begin);
    const Place target = target_below(begin, Kind::list);
    auto& list = pickle_.lists_[static_cast<std::size_t>(value(target).number)];
    list.insert(list.end(), items.begin(), items.end());
    stack_.resize(begin);
  }

  void make_dictionary(Place made_of) {
    pickle_.dictionaries_.push_back({made_of, {}});
    push({Kind::dictionary, 0, static_cast<std::int64_t>(pickle_.dictionaries_.size() - 1)});
  }

  void set_items(std::size_t begin) {
    const auto items = above(begin);
    if (items.size() % 2 != 0) refuse("a key without a value");
    const Place target = target_below(begin, Kind::dictionary);
    auto& entries = pickle_.dictionaries_[static_cast<std::size_t>(value(target).number)].entries;
    for (std::size_t i = 0; i < items.size(); i += 2) entries.emplace_back(items[i], items[i + 1]);
    stack_.resize(begin);
  }

  /// The value right below `begin`, to which items are added.
  Place target_below(std::size_t begin, Kind kind) const {
    if (begin <= (marks_.empty() ? 0 : marks_.back())) refuse("the stack holds too little for this opcode");
    const Place target = stack_[begin - 1];
    if (value(target).kind != kind)
      refuse("items are added to ", describe(value(target).kind), ", expected ", describe(kind));
    return target;
  }

  bool make_object(Opcode opcode) {
    switch (opcode) {
      case Opcode::global:
        find();
        return true;
      case Opcode::binpersid:
        make_storage();
        return true;
      case Opcode::reduce:
      case Opcode::newobj:
        make(opcode);
        return true;
      case Opcode::build:
        build();
        return true;
      default:
        return false;
    }
  }

  void find() {
    const std::string_view module = take_line(), name = take_line();
    const GlobalEntry* entry = find_global(module, name);
    if (!entry) refuse("global ", shown(module), ".", shown(name), remedy);
    globals_.push_back(entry);
    push({Kind::global, 0, static_cast<std::int64_t>(globals_.size() - 1)});
  }

  const GlobalEntry& global(const Value& value) const { return *globals_[static_cast<std::size_t>(value.number)]; }

  /// Whether the first items are of these kinds.
  bool are(std::span<const Place> items, std::initializer_list<Kind> kinds) const {
    if (items.size() < kinds.size()) return false;
    std::size_t i = 0;
    for (const Kind kind : kinds)
      if (value(items[i++]).kind != kind) return false;
    return true;
  }

  /// ('storage', type, key, location, elements), and in the legacy form a view of another storage or None.
  void make_storage() {
    const Value id = value(pop());
    if (id.kind != Kind::tuple) refuse("a persistent id that is ", describe(id.kind), ", expected a tuple");
    const auto items = pickle_.items(id);
    if (!items.empty() && value(items[0]).kind == Kind::text && pickle_.text(value(items[0])) == "module")
      refuse("the source of a module", remedy);
    if (!are(items, {Kind::text, Kind::global, Kind::text, Kind::text, Kind::integer}) || items.size() > 6 ||
        pickle_.text(value(items[0])) != "storage" || global(value(items[1])).meaning != KnownGlobal::storage)
      refuse("a persistent id that is no ('storage', type, key, location, elements)");
    if (items.size() == 6 && items[5] != none_place)
      refuse("a storage that is a part of another: read it with torch.load and save it again");
    pickle_.storages_.push_back({global(value(items[1])).dtype, pickle_.text(value(items[2])), value(items[4]).number});
    push({Kind::storage, 0, static_cast<std::int64_t>(pickle_.storages_.size() - 1)});
  }

  void make(Opcode opcode) {
    const Value arguments = value(pop()), function = value(pop());
    if (function.kind != Kind::global || arguments.kind != Kind::tuple)
      refuse(opcode_name(static_cast<unsigned char>(opcode)), " of ", describe(function.kind), " and ",
             describe(arguments.kind), ", expected a global and a tuple");
    const GlobalEntry& entry = global(function);
    const bool made = opcode == Opcode::newobj
                          ? entry.meaning == KnownGlobal::parameter && make_parameter(pickle_.items(arguments))
                          : make_known(entry.meaning, pickle_.items(arguments));
    if (!made)
      refuse(opcode_name(static_cast<unsigned char>(opcode)), " of ", entry.module, ".", entry.name, " with ",
             arguments.count, " arguments of kinds that a state_dict does not need");
  }

  bool make_known(KnownGlobal function, std::span<const Place> arguments) {
    switch (function) {
      case KnownGlobal::ordered_dict:
        if (arguments.size() > 1 || (!arguments.empty() && !are(arguments, {Kind::list}))) return false;
        make_dictionary(arguments.empty() ? none_place : arguments[0]);
        return true;
      case KnownGlobal::rebuild_tensor:  // (storage, offset, sizes, strides)
        return arguments.size() == 4 && make_tensor(arguments);
      case KnownGlobal::rebuild_tensor_v2:  // .. requires_grad, backward_hooks[, metadata]
        if (arguments.size() == 7 && arguments[6] != none_place)
          refuse("a tensor with metadata (conjugated or negated): save it after .resolve_conj().resolve_neg()");
        return (arguments.size() == 6 || arguments.size() == 7) && make_tensor(arguments);
      case KnownGlobal::rebuild_parameter:  // (tensor, requires_grad, backward_hooks)
        if (arguments.size() != 3 || !are(arguments, {Kind::tensor})) return false;
        push(arguments[0]);
        return true;
      case KnownGlobal::parameter:
        return make_parameter(arguments);
      case KnownGlobal::size:
        if (arguments.size() != 1 || !are(arguments, {Kind::tuple})) return false;
        push(arguments[0]);
        return true;
      case KnownGlobal::storage:
        return false;
    }
    return false;
  }

  bool make_tensor(std::span<const Place> arguments) {
    if (!are(arguments, {Kind::storage, Kind::integer, Kind::tuple, Kind::tuple})) return false;
    pickle_.tensors_.push_back(
        {static_cast<Place>(value(arguments[0]).number), value(arguments[1]).number, arguments[2], arguments[3]});
    push({Kind::tensor, 0, static_cast<std::int64_t>(pickle_.tensors_.size() - 1)});
    return true;
  }

  /// torch before 0.4: Parameter() that BUILD fills, or Parameter(tensor[, requires_grad]).
  bool make_parameter(std::span<const Place> arguments) {
    if (arguments.empty()) {
      push({Kind::parameter, 0, 0});
      return true;
    }
    if (arguments.size() > 2 || !are(arguments, {Kind::tensor})) return false;
    push(arguments[0]);
    return true;
  }

  /// What state_dicts carry along: an OrderedDict's `_metadata`, a tensor's (requires_grad, volatile, hooks); and what fills
  /// the oldest Parameters: (tensor, gradient, hooks, requires_grad, volatile).
  void build() {
    const Value state = value(pop());
    const Place target = top();
    const Kind kind = value(target).kind;
    if (kind == Kind::dictionary && state.kind == Kind::dictionary) return;
    if (kind == Kind::tensor && state.kind == Kind::tuple && state.count == 3) return;
    if (kind == Kind::parameter && state.kind == Kind::tuple && state.count == 5 &&
        are(pickle_.items(state), {Kind::tensor})) {
      pickle_.values_[target] = value(pickle_.items(state)[0]);
      return;
    }
    refuse("BUILD of ", describe(kind), " with ", describe(state.kind), ": a state_dict does not need it");
  }

  Pickle& pickle_;
  std::string_view bytes_;
  std::size_t begin_, at_, opcode_at_;
  std::vector<Place> stack_;
  std::vector<std::size_t> marks_;
  std::vector<std::optional<Place>> memo_;
  std::vector<const GlobalEntry*> globals_;
};

Pickle::Pickle(std::string_view bytes, std::size_t begin, const std::string& where) : bytes_(bytes), where_(where) {
  Machine(*this, begin).run();
}

std::string_view Pickle::text(const Value& text) const {
  return bytes_.substr(static_cast<std::size_t>(text.number), text.count);
}

std::span<const Pickle::Place> Pickle::items(const Value& tuple_or_list) const {
  const auto place = static_cast<std::size_t>(tuple_or_list.number);
  if (tuple_or_list.kind == Kind::list) return lists_[place];
  return std::span(tuples_).subspan(place, tuple_or_list.count);
}

std::vector<std::pair<Pickle::Place, Pickle::Place>> Pickle::entries(const Value& dictionary) const {
  const Dictionary& source = dictionaries_[static_cast<std::size_t>(dictionary.number)];
  std::vector<std::pair<Place, Place>> entries;
  const Value& list = values_[source.made_of];
  if (list.kind == Kind::list) {
    for (const Place place : items(list)) {
      const Value& pair = values_[place];
      if ((pair.kind != Kind::tuple && pair.kind != Kind::list) || items(pair).size() != 2)
        fail(ExitCode::data, where_, ": an OrderedDict is made of ", describe(pair.kind), ", expected pairs");
      entries.emplace_back(items(pair)[0], items(pair)[1]);
    }
  }
  entries.insert(entries.end(), source.entries.begin(), source.entries.end());
  return entries;
}

const char* describe(Pickle::Kind kind) {
  switch (kind) {
    case Pickle::Kind::none:
      return "None";
    case Pickle::Kind::boolean:
      return "a truth value";
    case Pickle::Kind::integer:
      return "a whole number";
    case Pickle::Kind::real:
      return "a number";
    case Pickle::Kind::text:
      return "a text";
    case Pickle::Kind::tuple:
      return "a tuple";
    case Pickle::Kind::list:
      return "a list";
    case Pickle::Kind::dictionary:
      return "a dictionary";
    case Pickle::Kind::global:
      return "a class or function";
    case Pickle::Kind::storage:
      return "a storage";
    case Pickle::Kind::tensor:
      return "a tensor";
    case Pickle::Kind::parameter:
      return "an empty Parameter";
  }
  return "a value";
}

}  // namespace fastbox::io
