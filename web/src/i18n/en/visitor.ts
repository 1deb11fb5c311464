export default {
  title: 'Hotline',
  tab: { home: 'Talk', history: 'History', me: 'Me', label: 'Navigation' },
  outside: 'Please use this hotline in its WeChat mini-program.',
  entering: 'Entering',
  emergency: { title: 'If you or somebody near you is in danger', hint: 'please call at once:', call: 'Call {name} {number}' },
  consent: {
    title: 'Before we begin', lead: 'Please read this first', agree: 'I agree', wait: 'I agree ({n})', decline: 'Not now',
    declined: 'That is all right. Come back whenever you want to.', again: 'Read it again', name: 'What may we call you? (optional)',
    nameHint: 'A nickname is fine',
  },
  choose: {
    hello: 'Hello, {name}', helloNobody: 'Hello', lead: 'Whom would you like to talk to?', anyone: 'Talk to someone now',
    anyoneHint: 'Whoever is free will be there for you', onDuty: 'On duty today', consulted: 'Talked before', rating: 'Rated {n}',
    noRating: 'Not rated yet', waiting: '{n} waiting', free: 'Free right now', full: 'In a talk, you would wait',
    nobody: 'No counselor is on duty right now',
    nobodyHint: 'We are sorry that nobody can be with you at this moment. Please come back later; if it is urgent, call one of these numbers.',
    allAway: 'The counselors on duty are all offline just now. You can wait in line; whoever comes back will see you.',
    start: 'Begin', wait: 'Wait in line', with: 'Talk to {name}', fallback: 'If it takes long, another counselor may see me',
    now: 'Free right now: you can begin at once.', busy: 'Busy just now, with {n} waiting.', away: 'Offline just now, and will see you when back.',
    refresh: 'Refresh',
  },
  ended: {
    waiting: 'We are sorry: you waited too long and the line has ended. Choose again, or call one of the numbers below.',
    'counselor-gone': 'We are sorry: the counselor you waited for cannot see you. Please choose again.',
    administrator: 'An administrator ended your place in line. Please choose again.', other: 'Your place in line has ended. Please choose again.',
  },
  waiting: {
    title: 'Finding someone for you', ahead: '{n} ahead of you', next: 'You are next', with: 'Waiting for {name}', anyone: 'Waiting for a free counselor',
    widened: 'another counselor may see you, too', estimate: 'About {time} to go', noEstimate: 'As soon as we can', since: 'Waited {time}',
    stay: 'You may close this page: your place is kept.', breathe: 'Breathe slowly with the circle', cancel: 'Stop waiting',
    cancelAsk: 'Stop waiting? Your place will be given up.', keep: 'Keep waiting', offline: 'The counselor is offline just now',
    away: 'The counselor is away just now', busy: 'The counselor is with somebody else', turn: 'It is your turn',
  },
  talk: {
    lasting: 'Talking for {time}', end: 'End', endAsk: 'End this talk?', endYes: 'End the talk', endNo: 'Go on',
    pictures: 'Pictures are seen by the counselor and the supervisor', log: 'Talk with {name}',
  },
  rate: {
    title: 'This talk has ended', with: 'With {name} · {time}', ask: 'How was it?', words: 'Anything you want to say (optional)', submit: 'Send',
    skip: 'Maybe later', thanks: 'Thank you for telling us', stars: '{n} stars', level1: 'Not good', level2: 'So-so', level3: 'All right',
    level4: 'Good', level5: 'Very helpful', needLevel: 'Please choose the stars',
  },
  history: {
    title: 'Earlier talks', empty: 'No talks yet', more: 'Show more', rate: 'Rate', rated: 'Rated', nobody: 'Not connected',
    noWords: 'Nothing was written in this talk', back: 'Back',
  },
  me: {
    title: 'About me', name: 'Name', gender: 'Gender', female: 'Female', male: 'Male', secret: 'Rather not say', age: 'Age', phone: 'Phone',
    contact: 'Emergency contact', contactPhone: 'Phone of the emergency contact', contactHint: 'Called only if a life is in danger.', save: 'Save',
    saved: 'Saved', consent: 'Informed consent', other: 'Be another visitor', otherYes: 'Be another',
    otherAsk: 'You begin anew as another visitor; what was said before stays with the old one.', sandbox: 'Demo',
  },
}
