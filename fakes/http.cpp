#include "fakes/http.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace relapse::fakes {

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::header(std::string_view name) const {
  auto found = std::find_if(headers.begin(), headers.end(), [name](const Header& header) {
    return boost::beast::iequals({header.name.data(), header.name.size()},
                                 {name.data(), name.size()});
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::string to_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Response json_response(int status, const nlohmann::json& body) {
  return Response{status, "application/json", {}, to_text(body)};
}

std::string_view reason_phrase(int status) {
  auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  auto phrase = boost::beast::http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

Exchange::~Exchange() {
  if (auto sink = sink_.lock()) {
    sink->abandon();
  }
}

std::shared_ptr<ReplySink> Exchange::take_sink() {
  auto sink = sink_.lock();
  sink_.reset();
  return sink;
}

void Exchange::reply(Response response) {
  auto sink = take_sink();
  if (!sink) {
    return;
  }
  ReplyHead head{response.status, std::move(response.headers), response.body.size()};
  if (!response.content_type.empty()) {
    head.headers.insert(head.headers.begin(), {"Content-Type", std::move(response.content_type)});
  }
  sink->begin(std::move(head));
  sink->write(std::move(response.body));
  sink->finish();
}

void Exchange::begin(int status, std::string_view content_type, std::vector<Header> headers) {
  if (auto sink = sink_.lock()) {
    ReplyHead head{status, std::move(headers), std::nullopt};
    head.headers.insert(head.headers.begin(), {"Content-Type", std::string(content_type)});
    sink->begin(std::move(head));
  }
}

void Exchange::write(std::string piece) {
  if (auto sink = sink_.lock()) {
    sink->write(std::move(piece));
  }
}

void Exchange::finish() {
  if (auto sink = take_sink()) {
    sink->finish();
  }
}

}  // namespace relapse::fakes
