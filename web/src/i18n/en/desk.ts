export default {
  menu: { chat: 'Consultations' },
  home: {
    hello: 'Hello, {name}', toChat: 'Open consultations', toRequests: 'Open requests', todayNumber: 'Today', sum: '{time} in all',
    active: 'In progress', places: 'Places: {n}', totalNumber: 'Consultations ever', rating: 'Mean rating', ratings: '{n} ratings',
    noRating: 'not rated yet', now: 'Now', latest: 'Latest consultations', allRecords: 'All records', noLatest: 'No consultations yet',
    requests: 'Requests in progress', requestsWaiting: '{n} waiting', teamOnline: 'Counselors online', teamOf: 'of {n}', teamActive: 'Team in progress',
    teamFree: '{n} free places', visitorsWaiting: 'Visitors waiting', ofCommon: '{n} in the common queue', teamRecords: 'Records of the team',
  },
  month: { title: 'My shifts', days: 'Days: {n}', before: 'Previous month', after: 'Next month', on: 'On shift' },
  list: {
    title: 'Talks', search: 'Search these talks', noneFound: 'Nothing found', back: 'Back to the talks', active: 'In progress', requests: 'Requests', waiting: 'Waiting', ended: 'Ended lately', unread: '{n} unread', urgent: 'Urgent', waitsFor: 'Waits for an answer, {n} min',
    noActive: 'No consultation is in progress', noRequest: 'No counselor is asking for help', noEnded: 'No ended talks yet', place: 'Number {n} in line',
    common: '{n} waiting in the common queue', new: 'Just arrived, say hello', about: 'About the talk with {name}',
  },
  talk: {
    with: 'Talk with {name}', write: 'Write to {to}', choose: 'Choose a talk at the left', chooseHint: 'Arrow keys move, Enter opens',
    nobody: 'No consultation is in progress', nobodyHint: 'Stay online: you will be called when a visitor arrives', chooseRequest: 'Choose a request at the left',
    noRequest: 'No counselor is asking for help', requestHint: 'A request shows the talk with the counselor, and beside it the consultation as it goes on',
    waits: '{name} is waiting', waitsHint: 'The talk begins by itself when there is a free place', call: 'On a call', back: 'Back to the talk',
  },
  clock: {
    hint: 'Counted by the server', elapsed: '{time}', left: '{time} left', notice: 'Quiet: a reminder in {time}', end: 'No answer: ends in {time}',
  },
  visitor: {
    title: 'Visitor', gender: 'Gender', age: 'Age', department: 'Department', phone: 'Phone', emergency: 'Emergency contact', before: 'Earlier consultations',
    first: 'The first consultation with you', wordsOf: 'Consultation of {time}',
  },
  supervise: {
    title: 'Supervisor', waiting: 'waiting', running: 'in progress', over: 'ended', none: 'A supervisor can read along and talk to you here. The visitor does not see what you two say.',
    patience: 'Waiting for {name}', ahead: '{n} requests ahead', next: 'You are next', cancel: 'Withdraw', cancelSure: 'Withdraw the request?', end: 'End request',
    endSure: 'End the talk with the supervisor? The consultation goes on.', again: 'Ask again',
  },
  ask: {
    button: 'Ask supervisor', title: 'Ask a supervisor', why: 'The supervisor will read this consultation. The visitor does not see what you two say.', bound: 'Mine', free: '{n} places free', line: '{n} waiting before you', wait: 'You would wait',
    offShift: 'Not on shift today', gone: 'Away just now', none: 'There is no supervisor yet', do: 'Ask',
  },
  end: { button: 'End', title: 'End the consultation', sure: 'End the consultation with {name}? Nobody can write afterwards.', do: 'End it', stay: 'Go on' },
  ending: { over: '{reason}', lasted: 'lasted {time}', rated: 'Rated by the visitor', stars: '{n} stars' },
  note: {
    title: 'Note', why: 'A note that only staff can read:', tag: 'Tags, choose or type', words: 'What it was about, what to keep in mind', save: 'Save note',
    saved: 'Note saved', missing: 'Note to write', tooManyTags: 'Too many tags',
    tags: 'Emotions、Study stress、Relations、Love、Family、Sleep、Personal growth、Career、Trauma、Crisis',
  },
  capacity: {
    title: 'Settings', now: 'Serving', places: 'Places', hint: 'Beyond this number visitors wait in your line. Lowering it ends nothing.',
    zero: 'With 0 you take nobody new. What is in progress goes on.', saved: 'Settings saved',
  },
  export: { title: 'Export', txt: 'Text (txt)', xlsx: 'Sheet (xlsx)', json: 'Data (json)' },
  mirror: { title: 'Consultation', readOnly: 'read only', of: 'Counselor: {counselor}', unknown: 'The consultation of this request is not known' },
  team: {
    title: 'My counselors', none: 'No counselor is bound to you', presence: 'Presence', load: 'In progress', waiting: 'Waiting', missing: 'expected', offShift: 'not on shift',
    loadOf: '{n} in progress of {max}',
  },
  waiting: {
    title: 'Visitors waiting', none: 'Nobody is waiting', for: 'Waiting for', anyone: 'anyone', since: 'Waiting time', do: 'Action', raise: 'Make urgent', lower: 'Make normal',
  },
  bell: {
    title: 'Alerts', list: 'Alerts that are not settled', none: 'Nothing to settle', some: '{n} not settled', since: 'since {time}', more: '{n} more', open: 'Open', toOverview: 'Overview',
    hush: 'Stop ringing for these', loudness: { on: 'sound is on', muted: 'sound is switched off', blocked: 'sound is not on yet' }, off: 'Sound is off',
    blocked: 'The browser allows sound once you click on the page.', short: { unanswered: 'A visitor waits for an answer', 'counselor-lost': 'A counselor is gone' },
    lost: '{counselor} is offline, with {n} talks in progress', unansweredOf: '{visitor} has waited {n} minutes for an answer of {counselor}', sound: 'Sound', desktop: 'Desktop notifications', allow: 'Turn on', granted: 'on', denied: 'refused by the browser', unsupported: 'not in this browser',
    settles: 'This is settled when the counselor answers or the conversation ends. Nobody else can answer in it: reach the counselor, or end the conversation.',
    hint: 'Notifications show no names and no words of visitors.', visitor: 'A visitor has arrived', request: 'A counselor asks for help', come: 'Click to open the talk', waits: 'Somebody is waiting for you',
    waitsHint: 'The talk begins by itself when there is a free place', unanswered: '{visitor} has waited {n} minutes for your answer', message: 'A new message',
  },
}
